"""State locks: who holds one, as Terraform says it or as the backend stores it, and what frees it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from groundwork.errors import StateLocked
from groundwork.state.aws_session import CONFIG

_REFUSED = "Error acquiring the state lock"
_FIELD = re.compile(r"^[│\s]*(ID|Path|Operation|Who|Created):\s*(\S.*?)\s*$", re.MULTILINE)
_GONE = {"NoSuchBucket", "NoSuchKey", "404", "ResourceNotFoundException"}


@dataclass(frozen=True)
class HeldLock:
    """One lock. `path` is bucket/key of the state, `created` the time in UTC as Terraform wrote it."""

    id: str
    path: str
    operation: str
    who: str
    created: str

    def refusal(self, stack: str) -> StateLocked:
        """The error that names the holder and both ways on."""
        return StateLocked(
            f"{stack} is locked by {self.who or 'somebody'} since {self.created or 'an unknown time'} "
            f"({self.operation or 'unknown operation'}, lock {self.id})",
            fix=f"wait until they are done; if their run has died: gw unlock {stack} {self.id}",
        )


def read(output: str) -> HeldLock | None:
    """The lock that Terraform ran into, from what it printed; None where it printed something else."""
    start = output.find(_REFUSED)
    if start < 0:
        return None
    said = dict(reversed(_FIELD.findall(output[start:])))
    if "ID" not in said:
        return None
    return HeldLock(
        said["ID"], said.get("Path", ""), said.get("Operation", ""), said.get("Who", ""), said.get("Created", "")
    )


def held(session: boto3.Session, backend: Mapping[str, Any], *, endpoint: str | None) -> list[HeldLock]:
    """Every lock on any state in the backend's bucket: from the table, from lock objects, or both, by id."""
    found = [*_in_table(session, backend, endpoint), *_in_bucket(session, backend, endpoint)]
    return list({(lock.path, lock.id): lock for lock in found}.values())


def _in_table(session: boto3.Session, backend: Mapping[str, Any], endpoint: str | None) -> list[HeldLock]:
    table = backend.get("dynamodb_table")
    if not table:
        return []
    pages = session.client("dynamodb", endpoint_url=endpoint, config=CONFIG).get_paginator("scan")
    try:
        # The table also holds a checksum per state, which has no Info.
        return [
            _lock(item["Info"]["S"])
            for page in pages.paginate(TableName=table, FilterExpression="attribute_exists(Info)")
            for item in page["Items"]
        ]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return []
        raise


def _in_bucket(session: boto3.Session, backend: Mapping[str, Any], endpoint: str | None) -> list[HeldLock]:
    if not backend.get("use_lockfile"):
        return []
    s3 = session.client("s3", endpoint_url=endpoint, config=CONFIG)
    found: list[HeldLock] = []
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=backend["bucket"]):
            for entry in page.get("Contents", []):
                if entry["Key"].endswith(".tflock"):
                    body = s3.get_object(Bucket=backend["bucket"], Key=entry["Key"])["Body"].read()
                    found.append(_lock(body))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
    return found


def _lock(info: str | bytes) -> HeldLock:
    said = json.loads(info)
    return HeldLock(said["ID"], said["Path"], said["Operation"], said["Who"], said["Created"])
