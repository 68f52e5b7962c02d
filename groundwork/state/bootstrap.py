"""`gw bootstrap`: creates what the pipeline needs and may not create itself, first the bucket and table for all states.

Each step inspects what exists instead of remembering what was done, so after a kill the next run finishes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError
from filelock import FileLock, Timeout

from groundwork.errors import StateLocked, TerraformFailed
from groundwork.paths import Project
from groundwork.platform import Environment
from groundwork.state.adoption import Finder, Import
from groundwork.state.bootstrap_folder import BootstrapFolder, addresses, ahead, tainted
from groundwork.terraform.terraform import PlanFile


@dataclass(frozen=True)
class BootstrapResult:
    """What a bootstrap did. `pending` are addresses that a plan would still change."""

    stack: str
    status: Literal["made", "unchanged", "differs", "updated"]
    created: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """One line for a person."""
        if self.status == "unchanged":
            return f"{self.stack} exists, and so does its state: nothing to do"
        if self.status == "updated":
            return f"{self.stack}: {len(self.pending)} of its resources match the code again"
        if self.status == "differs":
            return (
                f"{self.stack} exists; {len(self.pending)} of its resources differ from the code: "
                "`gw bootstrap ENVIRONMENT --update` changes them"
            )
        adopted = f", {len(self.adopted)} existing ones adopted" if self.adopted else ""
        return f"{self.stack}: {len(self.created)} created{adopted}; its state is in the environment's bucket"


def bootstrap(
    project: Project,
    environment: Environment,
    *,
    synthesised: Path,
    program: Path,
    environ: Mapping[str, str],
    stack: str,
    update: bool = False,
    progress: Callable[[str], None] = lambda _: None,
    on_line: Callable[[str], None] = lambda _: None,
) -> BootstrapResult:
    """Create a stack of an environment, or finish or confirm it. Never destroys or replaces anything.

    The state backend comes first, since the others keep their state in it. `update` changes an existing stack to match
    the code. `synthesised` is cdktf.out/stacks, `program` Terraform, `environ` its complete environment. `progress`
    gets a sentence per step, `on_line` every line of Terraform. Raises EnvironmentFileError for placeholder accounts,
    StateLocked where somebody else is creating it, and TerraformFailed otherwise.
    """
    environment.require_real_accounts()
    folder = BootstrapFolder(project, environment, synthesised, program, environ, on_line, stack)
    with locked(folder):
        folder.prepare()
        progress("inspecting what exists")
        local, remote = folder.local_state(), folder.remote_state()
        if remote is not None and not ahead(local, remote):
            progress("the state is in its bucket; comparing it with the code")
            outcome = _confirm(folder, update=update)
        else:
            outcome = _make(folder, progress)
            progress("moving the state into its bucket")
            _move_in(folder)
        folder.remove()
        return outcome


@contextmanager
def locked(folder: BootstrapFolder) -> Iterator[None]:
    """Keeps a second run of this checkout away from the temporary state, and reports what AWS refuses."""
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.path.with_suffix(".lock"), timeout=0):
            yield
    except Timeout as error:
        raise StateLocked(
            f"another bootstrap of {folder.environment.name} runs in this checkout", fix="wait until it is done"
        ) from error
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(f"AWS refuses what {folder.stack} needs: {error}") from error


def adopt(folder: BootstrapFolder) -> tuple[Import, ...]:
    """Let the next plan import what exists without being in the temporary state."""
    finder = Finder(folder.provider_session, folder.document, folder.provider_account, folder.endpoint)
    imports = finder.missing_from(addresses(folder.local_state()))
    folder.write_imports((existing.to, existing.id) for existing in imports)
    return imports


def _make(folder: BootstrapFolder, progress: Callable[[str], None]) -> BootstrapResult:
    folder.use_local()
    try:
        return _finish(folder, progress)
    except TerraformFailed:
        # AWS may complete a killed run's last requests after this run listed what exists: then it can adopt more.
        if not adopt(folder):
            raise
        progress("an earlier run's request has completed meanwhile; trying again")
        return _finish(folder, progress)


def _finish(folder: BootstrapFolder, progress: Callable[[str], None]) -> BootstrapResult:
    for address in tainted(folder.local_state()):
        progress(f"completing {address}, which an earlier run left half created")
        folder.terraform.untaint(address)
    adopted = adopt(folder)
    for existing in adopted:
        progress(f"adopting {existing.to}: {existing.id} exists already")
    plan = folder.path / "bootstrap.tfplan"
    planned = folder.terraform.plan(plan, init=False)
    _refuse_destruction(folder, planned)
    created = planned.addresses("create")
    progress(f"creating {len(created)} resources on temporary local state")
    folder.terraform.apply(plan)
    return BootstrapResult(folder.stack, "made", created, tuple(existing.to for existing in adopted))


def _move_in(folder: BootstrapFolder) -> None:
    # Neither `init -migrate-state` nor `state push`: both write another lineage where there was no state, and after a
    # kill the moved state could not be recognised in the bucket.
    local = folder.local_state()
    if local:
        folder.put_remote()
    folder.use_s3()
    arrived = json.loads(folder.terraform.pull() or "{}")
    if local and (arrived.get("lineage") != local["lineage"] or addresses(arrived) != addresses(local)):
        raise TerraformFailed(
            f"Terraform does not find the state that was moved into the bucket of {folder.stack}; a copy is in "
            f"{folder.local_file}",
            fix="bootstrap again",
        )


def _refuse_destruction(folder: BootstrapFolder, plan: PlanFile) -> None:
    if addresses_ := plan.addresses("delete"):
        raise TerraformFailed(
            f"bootstrapping {folder.stack} would destroy or replace {', '.join(addresses_)}, which it never does",
            fix="undo the change of the environment file that asks for it, or see docs/runbooks/state-bootstrap.md",
        )


def _confirm(folder: BootstrapFolder, *, update: bool) -> BootstrapResult:
    folder.use_s3()
    plan = folder.path / "bootstrap.tfplan"
    planned = folder.terraform.plan(plan, init=False)
    pending = planned.addresses("create", "update", "delete")
    if pending and update:
        _refuse_destruction(folder, planned)
        folder.terraform.apply(plan)
        return BootstrapResult(folder.stack, "updated", pending=tuple(sorted(pending)))
    return BootstrapResult(folder.stack, "differs" if pending else "unchanged", pending=tuple(sorted(pending)))
