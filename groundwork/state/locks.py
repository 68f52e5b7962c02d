"""State locks in the backend, and how to free one whose holder has died."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError

from groundwork.errors import StateLocked, UsageError
from groundwork.state import aws
from groundwork.state.state_store import StateStore
from groundwork.terraform.locks import HeldLock

UNREADABLE = "unreadable"
"""The id of a lock that cannot be read: a run was killed while it wrote the lock, or somebody emptied it."""


@dataclass(frozen=True)
class _Part:
    """A lock as it lies in one of the two places. Terraform writes both, so a kill between them leaves one."""

    lock: HeldLock
    place: Literal["table", "bucket"]
    key: str
    text: str
    etag: str = ""


def held(store: StateStore) -> list[HeldLock]:
    """Every lock on any state in the store's bucket: from the table, from lock objects, or both, by id."""
    return list({(part.lock.path, part.lock.id): part.lock for part in _parts(store)}.values())


def of(store: StateStore) -> list[HeldLock]:
    """The locks on this state: more than one where table and bucket disagree."""
    return [lock for lock in held(store) if lock.path == store.path]


def named_together(stacks: Sequence[str], locks: Sequence[HeldLock], environment: str) -> StateLocked:
    """The error that names every lock of an environment at once; `stacks` are in the order of `locks`."""
    lines = [
        f"  {stack}: by {lock.who or 'somebody'} since {lock.created} ({lock.operation}, lock {lock.id})"
        for stack, lock in zip(stacks, locks, strict=True)
    ]
    return StateLocked(
        "\n".join([f"{len(locks)} stacks are locked:", *lines]),
        fix=f"wait until they are done; if their runs have died: gw unlock --all {environment}",
    )


def free(store: StateStore, lock_id: str) -> tuple[HeldLock, list[str]]:
    """Free a lock whose holder has died. Returns it and the places where it was: `table`, `bucket` or both.

    Terraform's own `force-unlock` fails where only one place has the lock. Raises UsageError where the state does not
    hold that lock: a lock that was freed and taken again has another id.
    """
    own = [part for part in _parts(store) if part.lock.path == store.path]
    parts = [part for part in own if part.lock.id == lock_id]
    if not parts:
        problem = f"the lock is {own[0].lock.id}, held by {own[0].lock.who}" if own else "it is not locked"
        raise UsageError(f"{store.path} does not hold the lock {lock_id}: {problem}")
    for part in parts:
        _remove(store, part)
    return parts[0].lock, [part.place for part in parts]


def _remove(store: StateStore, part: _Part) -> None:
    """Remove what was read, and nothing that was written since."""
    if part.place == "bucket":
        s3, bucket = store.client("s3"), store.backend["bucket"]
        if s3.head_object(Bucket=bucket, Key=part.key)["ETag"] != part.etag:
            raise UsageError(f"the lock on {store.path} was taken again meanwhile", fix="look at it again")
        s3.delete_object(Bucket=bucket, Key=part.key)
        return
    try:
        store.client("dynamodb").delete_item(
            TableName=store.backend["dynamodb_table"],
            Key={"LockID": {"S": part.key}},
            ConditionExpression="Info = :info",
            ExpressionAttributeValues={":info": {"S": part.text}},
        )
    except ClientError as error:
        if aws.error_code(error) == "ConditionalCheckFailedException":
            raise UsageError(f"the lock on {store.path} was taken again meanwhile", fix="look at it again") from error
        raise


def _parts(store: StateStore) -> Iterator[_Part]:
    for read in (_in_table, _in_bucket):
        yield from _existing(read(store))


def _in_table(store: StateStore) -> Iterator[_Part]:
    if table := store.backend.get("dynamodb_table"):
        # The table also has a checksum per state, without Info.
        condition = "attribute_exists(Info)"
        for item in aws.entries(store.client("dynamodb"), "scan", "Items", TableName=table, FilterExpression=condition):
            path, text = item["LockID"]["S"], item["Info"]["S"]
            yield _Part(_lock(text, path, since=""), "table", path, text)


def _in_bucket(store: StateStore) -> Iterator[_Part]:
    if store.backend.get("use_lockfile"):
        s3, bucket = store.client("s3"), store.backend["bucket"]
        for entry in aws.entries(s3, "list_objects_v2", "Contents", Bucket=bucket):
            if entry["Key"].endswith(".tflock"):
                answer = s3.get_object(Bucket=bucket, Key=entry["Key"])
                text = answer["Body"].read().decode(errors="replace")
                path = f"{bucket}/{entry['Key'].removesuffix('.tflock')}"
                lock = _lock(text, path, since=f"{answer['LastModified']:%Y-%m-%d %H:%M:%S} UTC")
                yield _Part(lock, "bucket", entry["Key"], text, answer["ETag"])


def _existing(parts: Iterator[_Part]) -> Iterator[_Part]:
    """What can be read: the table, bucket or lock may be deleted meanwhile."""
    try:
        yield from parts
    except ClientError as error:
        if not aws.is_absent(error):
            raise


def _lock(text: str, path: str, *, since: str) -> HeldLock:
    try:
        fields = json.loads(text)
        return HeldLock(fields["ID"], fields["Path"], fields["Operation"], fields["Who"], fields["Created"])
    except (ValueError, KeyError, TypeError):
        return HeldLock(UNREADABLE, path, "a lock that cannot be read", "somebody", since or "an unknown time")
