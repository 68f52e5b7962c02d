"""Destroys a state backend: moves its state out of its bucket, empties the bucket, and destroys the stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from groundwork.errors import StackBlocked, UsageError
from groundwork.paths import Project
from groundwork.platform import Environment
from groundwork.state import aws, locks
from groundwork.state.adoption import Finder
from groundwork.state.aws_session import CONFIG
from groundwork.state.bootstrap import locked
from groundwork.state.bootstrap_folder import BootstrapFolder, ahead
from groundwork.state.state_store import StateStore

_BATCH = 1000  # what S3 deletes in one call


@dataclass(frozen=True)
class Removed:
    """The result; `versions` counts the state versions that were deleted with the bucket."""

    stack: str
    status: Literal["destroyed", "absent"]
    versions: int = 0


def teardown(
    project: Project,
    environment: Environment,
    *,
    synthesised: Path,
    program: Path,
    environ: Mapping[str, str],
    delete_history: bool,
    progress: Callable[[str], None] = lambda _: None,
    on_line: Callable[[str], None] = lambda _: None,
) -> Removed:
    """Destroy the state backend of an environment; after a kill the next run finishes.

    Raises UsageError unless `delete_history` permits deleting every state version, or while the environment is
    protected; StackBlocked while another stack still has resources in the bucket; StateLocked while any stack is
    locked.
    """
    environment.require_real_accounts()
    if environment.protect:
        raise UsageError(
            f"{environment.name} is protected",
            fix=f"set protect: false in {environment.name}.yaml, gw deploy {environment.name}, then destroy",
        )
    folder = BootstrapFolder(
        project, environment, synthesised, program, environ, on_line, environment.bootstrap_stacks[0]
    )
    with locked(folder):
        folder.prepare()
        local, remote = folder.local_state(), folder.remote_state()
        if local is None and remote is None:
            _refuse_leftovers(folder)
            folder.remove()
            return Removed(folder.stack, "absent")
        _refuse_other_states(folder)
        state = local if ahead(local, remote) else remote
        _refuse_protected(folder, state or {})
        buckets = _buckets(state or {})
        count = sum(len(batch) for bucket in buckets for batch in _versions(folder, *bucket))
        if not delete_history:
            raise UsageError(
                f"destroying {folder.stack} deletes its buckets with {count} versions of states for good",
                fix="add --delete-state-history to confirm",
            )
        if not ahead(local, remote):
            progress("moving the state out of its bucket")
            _move_out(folder)
        folder.use_local()
        for name, region in buckets:
            progress(f"emptying {name}")
            _empty(folder, name, region)
        progress("destroying on temporary local state")
        folder.terraform.destroy()
        folder.remove()
        return Removed(folder.stack, "destroyed", count)


def _move_out(folder: BootstrapFolder) -> None:
    held = locks.held(StateStore(folder.path, folder.backend, folder.endpoint))
    if held:
        raise held[0].error(_stack_of(held[0].path.removeprefix(f"{folder.backend['bucket']}/")))
    folder.use_s3()
    state = folder.terraform.pull()
    folder.write_local(_with_next_serial(state))


def _with_next_serial(text: str) -> str:
    """The state with the next serial, so that the local copy counts as newer from now on, also after a kill."""
    state = json.loads(text)
    return json.dumps({**state, "serial": state["serial"] + 1}, indent=2)


def _stack_of(key: str) -> str:
    return key.removesuffix(".tfstate").replace("/", "-")


def _refuse_other_states(folder: BootstrapFolder) -> None:
    """Raise StackBlocked where another state, of a stack or an orphan, still has resources."""
    others = []
    bucket = folder.backend["bucket"]
    try:
        entries = list(aws.entries(folder.s3, "list_objects_v2", "Contents", Bucket=bucket))
    except folder.s3.exceptions.NoSuchBucket:
        return
    for key in (entry["Key"] for entry in entries):
        if key.endswith(".tfstate") and key != folder.backend["key"]:
            state = json.loads(folder.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            if any(resource["mode"] == "managed" for resource in state.get("resources", [])):
                others.append(_stack_of(key))
    if others:
        raise StackBlocked(
            f"{folder.stack} still holds the state of {', '.join(sorted(others))}: their resources would be orphaned",
            fix=f"gw destroy {' '.join(sorted(others))}",
        )


def _refuse_protected(folder: BootstrapFolder, state: Mapping[str, Any]) -> None:
    for resource in state.get("resources", []):
        if any(instance["attributes"].get("deletion_protection_enabled") for instance in resource["instances"]):
            raise UsageError(
                f"{resource['type']}.{resource['name']} still has deletion protection in AWS",
                fix=f"gw deploy {folder.stack} (protect is false in the file, but was not deployed)",
            )


def _refuse_leftovers(folder: BootstrapFolder) -> None:
    finder = Finder(folder.session, folder.document, folder.environment.account, folder.endpoint)
    if existing := finder.missing_from(()):
        raise StackBlocked(
            f"these exist, but no state has them: {', '.join(resource.id for resource in existing)}",
            fix=f"gw bootstrap {folder.environment.name} adopts them; then destroy again",
        )


def _buckets(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, region) of the buckets that Terraform does not empty by itself."""
    return [
        (instance["attributes"]["bucket"], instance["attributes"]["region"])
        for resource in state.get("resources", [])
        if resource["mode"] == "managed" and resource["type"] == "aws_s3_bucket"
        for instance in resource["instances"]
        if not instance["attributes"].get("force_destroy")
    ]


def _versions(folder: BootstrapFolder, name: str, region: str) -> list[list[dict[str, str]]]:
    """Every version and delete marker of a bucket, in batches; empty where the bucket does not exist."""
    s3: Any = folder.session.client("s3", region_name=region, endpoint_url=folder.endpoint, config=CONFIG)
    try:
        entries = list(aws.entries(s3, "list_object_versions", "Versions", "DeleteMarkers", Bucket=name))
    except s3.exceptions.NoSuchBucket:
        return []
    versions = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
    return [versions[start : start + _BATCH] for start in range(0, len(versions), _BATCH)]


def _empty(folder: BootstrapFolder, name: str, region: str) -> None:
    s3: Any = folder.session.client("s3", region_name=region, endpoint_url=folder.endpoint, config=CONFIG)
    for batch in _versions(folder, name, region):
        s3.delete_objects(Bucket=name, Delete={"Objects": batch, "Quiet": True})
