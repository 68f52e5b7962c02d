"""Drift and undeployed code: AWS differs from the state, or the state from the code.

It reports names of resources and attributes, never values.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from groundwork.errors import StackBlocked, StateLocked, TerraformFailed, UsageError
from groundwork.plan import archive, bootstrap_stacks, drifted, extracted
from groundwork.plan.drifted import Difference
from groundwork.plan.fingerprint import Plan, changed_outputs, changed_resources
from groundwork.platform import Environment
from groundwork.store.plan_store import PlanStore
from groundwork.toolchain import side_by_side
from groundwork.toolchain.secure_tempdir import secure_tempdir
from groundwork.workspace import Workspace

OUT = "cdktf.out.applied"

Status = Literal["as it should be", "undeployed code", "drift", "not deployed", "not compared", "error"]


@dataclass(frozen=True)
class StackDrift:
    """How one stack differs.

    `drift` is what somebody changed outside of Terraform although the code sets it, or what a plan would undo;
    `computed` are other attributes, which changed by themselves. `undeployed` is what the code would change in the
    state. `compared_with` names the commit that was applied last; it is empty where only the code is known, and `note`
    says why. `in_code` is False for a stack that was removed.
    """

    stack: str
    drift: tuple[Difference, ...] = ()
    computed: tuple[Difference, ...] = ()
    undeployed: tuple[Difference, ...] = ()
    compared_with: str = ""
    in_code: bool = True
    not_deployed: bool = False
    note: str = ""
    why: str = ""
    failed: bool = False

    @property
    def status(self) -> Status:
        """The stack in a word."""
        if self.failed:
            return "error"
        if self.not_deployed:
            return "not deployed"
        if self.why:
            return "not compared"
        if self.drift:
            return "drift"
        return "undeployed code" if self.undeployed or not self.in_code else "as it should be"


def find(
    workspace: Workspace,
    store: Callable[[str], PlanStore],
    stacks: Sequence[str],
    *,
    orphans: Sequence[str] = (),
    on_begin: Callable[[str], None] = lambda _: None,
    on_end: Callable[[StackDrift], None] = lambda _: None,
) -> list[StackDrift]:
    """Drift and undeployed code of `stacks`, and drift of `orphans`, which have no code; side by side.

    `store` returns the plan store of an environment. A stack that cannot be planned has the status "error"; the others
    are compared anyway. Raises UsageError where there are no stacks.
    """
    if not [*stacks, *orphans]:
        raise UsageError("there are no stacks to compare", fix="`gw list` shows them")
    applied = _Applied.of(workspace, store, [*stacks, *orphans])

    def compare(stack: str, stop: threading.Event) -> StackDrift:
        on_begin(stack)
        try:
            drift = _compare(workspace, applied, stack, in_code=stack not in orphans, stop=stop)
        except (TerraformFailed, StateLocked) as error:
            drift = StackDrift(stack, why=error.message, in_code=stack not in orphans, failed=True)
        on_end(drift)
        return drift

    try:
        return side_by_side.each(compare, [*stacks, *orphans], at_once=workspace.tools.parallelism)
    finally:
        shutil.rmtree(workspace.project.root / OUT, ignore_errors=True)  # plans hold secrets


@dataclass(frozen=True)
class _Applied:
    """Stacks as they were applied last, with their commits; `workspace` has them in place of cdktf.out."""

    workspace: Workspace
    commits: Mapping[str, str]
    notes: Mapping[str, str]

    @classmethod
    def of(cls, workspace: Workspace, store: Callable[[str], PlanStore], stacks: Sequence[str]) -> _Applied:
        commits: dict[str, str] = {}
        archives: dict[str, bytes] = {}
        notes: dict[str, str] = {}
        for stack in stacks:
            try:
                body = store(workspace.environment_of(stack).name).deployed(stack)
            except (StackBlocked, TerraformFailed) as error:
                # A pull request's role, or an environment without a store: the code can still be compared.
                notes[stack] = f"compared with the code: what was applied last cannot be read ({error.message})"
                continue
            bundle = archive.describe(body) if body else None
            if body and bundle and bundle.purpose == "apply":
                commits[stack], archives[stack] = bundle.commit, body
            else:
                notes[stack] = "compared with the code: the store has no bundle of it"
        return cls(extracted.extract(workspace, archives, name=OUT).workspace, commits, notes)


def _compare(
    workspace: Workspace, applied: _Applied, stack: str, *, in_code: bool, stop: threading.Event
) -> StackDrift:
    workspace.environment_of(stack).require_real_accounts()
    commit = applied.commits.get(stack, "")
    result = StackDrift(stack, in_code=in_code, compared_with=commit, note=applied.notes.get(stack, ""))
    if not in_code and not commit:
        return replace(result, why="no code, and the store has no bundle of it")
    if in_code and (reason := workspace.unplannable(stack)):
        return replace(result, why=reason.why)
    as_applied = applied.workspace if commit else workspace
    if not as_applied.deployed(stack):
        return replace(result, not_deployed=True)
    with secure_tempdir() as folder:
        refreshed = as_applied.terraform(stack).plan(folder / "refreshed", stop=stop).document
        plan = workspace.terraform(stack).plan(folder / "code", refresh=False, stop=stop) if in_code else None
        code = plan.document if plan else {}
    outside = drifted.of_plan(refreshed)
    return replace(result, drift=outside.drift, computed=outside.computed, undeployed=tuple(_undeployed(code)))


def _undeployed(plan: Plan) -> Iterator[Difference]:
    for resource in changed_resources(plan):
        actions = resource["change"]["actions"]
        names = drifted.changed_attributes(resource["change"]) if actions == ["update"] else ()
        yield Difference(resource["address"], names, "replace" if len(actions) == 2 else actions[0])
    for name, change in changed_outputs(plan).items():
        yield Difference(f"output {name}", (), change["actions"][0])


def markdown(drift: StackDrift, environments: Mapping[str, Environment]) -> str:
    """The body of an issue. Equal drift gives equal text, whoever compares and when."""
    lines = [f"`{drift.stack}` has changed since Terraform applied it."]
    for title, differences in (
        ("Changed outside of Terraform", drift.drift),
        ("Code that is not deployed", drift.undeployed),
    ):
        if differences:
            lines += ["", f"**{title}**", ""]
            lines += [f"- `{it.address}` {it.how}{_names(it)}" for it in differences]
    lines += [
        "",
        f"{bootstrap_stacks.restore_advice(environments, drift.stack)}, or adopt the change in the code.",
        f"`gw drift {drift.stack}` compares again; the issue is closed when nothing is left.",
    ]
    return "\n".join(lines) + "\n"


def _names(difference: Difference) -> str:
    return f": {', '.join(f'`{name}`' for name in difference.attributes)}" if difference.attributes else ""
