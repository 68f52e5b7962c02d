"""Lists and restores older versions of a stack's state."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import TerraformFailed, UsageError
from groundwork.state import aws
from groundwork.state.state_store import StateStore
from groundwork.terraform.terraform import Terraform


@dataclass(frozen=True)
class Version:
    """One stored version. `id` is S3's, `written` in UTC, `serial` Terraform's; `resources` counts the managed ones."""

    id: str
    written: datetime
    serial: int
    resources: int
    current: bool


@dataclass(frozen=True)
class StateHistory:
    """The versions of one stack's state."""

    store: StateStore

    def versions(self) -> tuple[Version, ...]:
        """All versions, newest first; empty where the stack never had a state."""
        bucket, key = self.store.backend["bucket"], self.store.backend["key"]
        try:
            listing = aws.entries(self._s3, "list_object_versions", "Versions", Bucket=bucket, Prefix=key)
            return tuple(self._version(entry) for entry in listing if entry["Key"] == key)
        except (BotoCoreError, ClientError) as error:
            raise TerraformFailed(f"the versions of {self._stack}'s state cannot be read: {error}") from error

    def restore(self, version_id: str, terraform: Terraform) -> Version:
        """Make an older version the current one, under the lock. It becomes a new version, so nothing is lost.

        `terraform` runs in the stack's folder. Resources do not change: run a diff afterwards. Raises UsageError for an
        unknown version, StateLocked while somebody changes the stack.
        """
        versions = self.versions()
        wanted = next((version for version in versions if version.id == version_id), None)
        if wanted is None:
            raise UsageError(
                f"the state of {self._stack} has no version {version_id}", fix=f"gw state versions {self._stack}"
            )
        terraform.init("-reconfigure")
        current = json.loads(terraform.pull() or "{}")
        # Terraform refuses a serial that is not higher: the restored state continues the count.
        state = {**self._state(version_id), "serial": max(current.get("serial", 0), wanted.serial) + 1}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "restored.tfstate"
            file.write_text(json.dumps(state, indent=2), encoding="utf-8")
            terraform.push(file)
        return self.versions()[0]

    @property
    def _stack(self) -> str:
        return self.store.folder.name

    @cached_property
    def _s3(self) -> Any:
        return self.store.client("s3")

    def _version(self, entry: Mapping[str, Any]) -> Version:
        state = self._state(entry["VersionId"])
        managed = [resource for resource in state["resources"] if resource["mode"] == "managed"]
        return Version(entry["VersionId"], entry["LastModified"], state["serial"], len(managed), entry["IsLatest"])

    def _state(self, version_id: str) -> dict[str, Any]:
        backend = self.store.backend
        answer = self._s3.get_object(Bucket=backend["bucket"], Key=backend["key"], VersionId=version_id)
        state: dict[str, Any] = json.loads(answer["Body"].read())
        return state
