"""State locks in the backend, and how to free one whose holder has died."""

from __future__ import annotations

import json
from collections.abc import Iterator

from botocore.exceptions import ClientError

from groundwork.errors import UsageError
from groundwork.state import aws
from groundwork.state.state_store import StateStore
from groundwork.terraform.locks import HeldLock
from groundwork.terraform.terraform import Terraform


def held(store: StateStore) -> list[HeldLock]:
    """Every lock on any state in the store's bucket: from the table, from lock objects, or both, by id."""
    locks = [_lock(info) for read in (_in_table, _in_bucket) for info in _existing(read(store))]
    return list({(lock.path, lock.id): lock for lock in locks}.values())


def of(store: StateStore) -> list[HeldLock]:
    """The locks on this state: more than one where table and bucket disagree."""
    return [lock for lock in held(store) if lock.path == store.path]


def free(store: StateStore, lock_id: str, terraform: Terraform) -> HeldLock:
    """Free a lock whose holder has died, and return it. `terraform` runs in the stack's folder.

    Raises UsageError where the stack does not hold that lock: a lock that was freed and taken again has another id.
    """
    own = of(store)
    lock = next((lock for lock in own if lock.id == lock_id), None)
    if lock is None:
        problem = f"the lock is {own[0].id}, held by {own[0].who}" if own else "it is not locked"
        raise UsageError(f"{terraform.stack} does not hold the lock {lock_id}: {problem}")
    terraform.init("-reconfigure")
    terraform.force_unlock(lock_id)
    return lock


def _in_table(store: StateStore) -> Iterator[str]:
    if table := store.backend.get("dynamodb_table"):
        # The table also has a checksum per state, without Info.
        condition = "attribute_exists(Info)"
        for item in aws.entries(store.client("dynamodb"), "scan", "Items", TableName=table, FilterExpression=condition):
            yield item["Info"]["S"]


def _in_bucket(store: StateStore) -> Iterator[bytes]:
    if store.backend.get("use_lockfile"):
        s3, bucket = store.client("s3"), store.backend["bucket"]
        for entry in aws.entries(s3, "list_objects_v2", "Contents", Bucket=bucket):
            if entry["Key"].endswith(".tflock"):
                yield s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()


def _existing(infos: Iterator[str] | Iterator[bytes]) -> Iterator[str | bytes]:
    """What can be read: the table, bucket or lock may be deleted meanwhile."""
    try:
        yield from infos
    except ClientError as error:
        if not aws.is_absent(error):
            raise


def _lock(info: str | bytes) -> HeldLock:
    fields = json.loads(info)
    return HeldLock(fields["ID"], fields["Path"], fields["Operation"], fields["Who"], fields["Created"])
