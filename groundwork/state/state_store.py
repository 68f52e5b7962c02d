"""Reads Terraform states and their outputs from the backend that a synthesised stack names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import TerraformFailed
from groundwork.state import aws, aws_session

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True)
class StateStore:
    """The S3 backend of one stack. `folder` is cdktf.out/stacks/<stack>; relative paths in the backend start there."""

    folder: Path
    backend: Mapping[str, Any]
    endpoint: str | None = None

    @classmethod
    def of(cls, folder: Path, *, endpoint: str | None = None) -> StateStore:
        """The backend that a synthesised stack names; `endpoint` replaces the one of its profile."""
        synthesised = json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8"))
        return cls(folder, synthesised["terraform"]["backend"]["s3"], endpoint)

    def state(self) -> dict[str, Any] | None:
        """The state as Terraform stores it; None where the stack was never applied or its bucket does not exist."""
        body = self.body()
        state: dict[str, Any] | None = json.loads(body) if body is not None else None
        return state

    def body(self) -> bytes | None:
        """The state's bytes; None like `state`."""
        try:
            return self._s3.get_object(Bucket=self.backend["bucket"], Key=self.backend["key"])["Body"].read()
        except (BotoCoreError, ClientError) as error:
            self._none_if_absent(error)
            return None

    def keys(self, prefix: str) -> list[str]:
        """Keys of the bucket that begin with `prefix`; empty where the bucket does not exist yet."""
        try:
            listing = {"Bucket": self.backend["bucket"], "Prefix": prefix}
            return [entry["Key"] for entry in aws.entries(self._s3, "list_objects_v2", "Contents", **listing)]
        except (BotoCoreError, ClientError) as error:
            self._none_if_absent(error)
            return []

    def sibling(self, key: str) -> StateStore:
        """The state of another key in the same bucket."""
        return replace(self, backend={**self.backend, "key": key})

    def deployed(self) -> bool:
        """Whether the stack has a state with outputs or resources, which a downstream stack can read."""
        state = self.state()
        return bool(state and (state.get("resources") or state.get("outputs")))

    def outputs(self) -> dict[str, Any]:
        """Name → value of the stack's outputs; empty without a state."""
        return {name: output["value"] for name, output in self._outputs().items()}

    def public_outputs(self) -> dict[str, Any]:
        """The outputs that may be shown: those that are not marked sensitive."""
        return {name: output["value"] for name, output in self._outputs().items() if not output.get("sensitive")}

    def sensitive_outputs(self) -> dict[str, Any]:
        """The other outputs, which nobody may see."""
        return {name: output["value"] for name, output in self._outputs().items() if output.get("sensitive")}

    @cached_property
    def session(self) -> boto3.Session:
        """A session with the backend's credentials."""
        return aws_session.session(self.folder, self.backend)

    def client(self, service: str) -> Any:
        """A boto3 client with the backend's credentials."""
        return self.session.client(service, endpoint_url=self.endpoint, config=aws_session.CONFIG)  # type: ignore[call-overload]

    @property
    def path(self) -> str:
        """bucket/key, as locks and checksums name the state."""
        return f"{self.backend['bucket']}/{self.backend['key']}"

    def _outputs(self) -> dict[str, Any]:
        outputs: dict[str, Any] = (self.state() or {}).get("outputs") or {}
        return outputs

    @cached_property
    def _s3(self) -> S3Client:
        # The bucket's name has no dot, so virtual hosts would work; a laptop's server supports only paths.
        path_style: Literal["path", "auto"] = "path" if self.backend.get("use_path_style") else "auto"
        config = aws_session.CONFIG.merge(Config(s3={"addressing_style": path_style}))
        return self.session.client("s3", endpoint_url=self.endpoint, config=config)

    def _none_if_absent(self, error: BotoCoreError | ClientError) -> None:
        if isinstance(error, ClientError) and aws.is_absent(error):
            return
        raise TerraformFailed(f"the state of {self.folder.name} cannot be read (s3://{self.path}): {error}") from error


def count_resources(state: Mapping[str, Any]) -> int:
    """The number of managed resources in a state, each instance counted."""
    managed = (resource for resource in state.get("resources", ()) if resource["mode"] == "managed")
    return sum(len(resource["instances"]) for resource in managed)
