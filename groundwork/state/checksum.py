"""The checksum of a state in the lock table. Terraform writes it after the state, so a kill can happen in between."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import TerraformFailed
from groundwork.state import aws
from groundwork.state.state_store import StateStore


@dataclass(frozen=True)
class Checksum:
    """A wrong checksum, because of which Terraform refuses to read the state."""

    client: Any
    table: str
    item: str
    actual: str

    def correct(self) -> None:
        """Write the checksum of the state that is stored."""
        try:
            self.client.put_item(TableName=self.table, Item={"LockID": {"S": self.item}, "Digest": {"S": self.actual}})
        except (BotoCoreError, ClientError) as error:
            raise TerraformFailed(f"the checksum {self.item} cannot be written: {error}") from error


def wrong(store: StateStore) -> Checksum | None:
    """The checksum of a state where it is wrong; None where it is right or missing."""
    table = store.backend.get("dynamodb_table")
    if not table:
        return None
    client, item = store.client("dynamodb"), f"{store.path}-md5"
    try:
        entry = client.get_item(TableName=table, Key={"LockID": {"S": item}}, ConsistentRead=True).get("Item", {})
        body = store.body()
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and aws.is_absent(error):
            return None
        raise TerraformFailed(f"the checksum {item} cannot be read: {error}") from error
    if body is None:
        return None
    actual = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return Checksum(client, table, item, actual) if entry.get("Digest", {}).get("S") != actual else None
