"""Drift and undeployed code, kept apart: the world is not as the state has it, or the state not as the code has it.

Names of resources and attributes are said, values never.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from groundwork.errors import StackBlocked, StateLocked, TerraformFailed, UsageError
from groundwork.plan import archive, bootstrap_stacks, extracted
from groundwork.plan.fingerprint import changed_outputs, changed_resources
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.plan_run import PlanRun
from groundwork.toolchain import side_by_side
from groundwork.toolchain.secure_tempdir import private_folder
from groundwork.workspace import Workspace
from stacks.values.placeholders import refuse_placeholders

OUT = "cdktf.out.applied"
"""Beside cdktf.out and as deep: stacks name files of the checkout by relative paths."""

Plan = Mapping[str, Any]

Status = Literal["as it should be", "undeployed code", "drift", "not deployed", "not looked at", "error"]


@dataclass(frozen=True)
class Touched:
    """A resource or output, and the names of what differs in it; `how` is changed, deleted, create, update …"""

    address: str
    attributes: tuple[str, ...]
    how: str


@dataclass(frozen=True)
class StackDrift:
    """What was found of one stack.

    `drift` is what somebody changed outside of Terraform although the code sets it, or what a plan would put back;
    `computed` are other attributes that changed by themselves. `undeployed` is what the code would change in the state.
    `compared_with` names the commit that was applied last; it is empty where only the code is known, and `note` says
    why. `in_code` is False for a stack that was removed.
    """

    stack: str
    drift: tuple[Touched, ...] = ()
    computed: tuple[Touched, ...] = ()
    undeployed: tuple[Touched, ...] = ()
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
            return "not looked at"
        if self.drift:
            return "drift"
        return "undeployed code" if self.undeployed or not self.in_code else "as it should be"


def look(
    workspace: Workspace,
    store: Callable[[str], PlanStore],
    stacks: Sequence[str],
    *,
    orphans: Sequence[str] = (),
    on_begin: Callable[[str], None] = lambda _: None,
    on_end: Callable[[StackDrift], None] = lambda _: None,
) -> list[StackDrift]:
    """Drift and undeployed code of `stacks`, and drift of `orphans`, which have no code; side by side.

    `store` gives the plan store of an environment. A stack that cannot be planned is an error of its own and keeps no
    other from being looked at.
    """
    applied = _Applied.of(workspace, store, [*stacks, *orphans])

    def one(stack: str, stop: threading.Event) -> StackDrift:
        on_begin(stack)
        try:
            found = _look(workspace, applied, stack, in_code=stack not in orphans, stop=stop)
        except (TerraformFailed, StateLocked) as error:
            found = StackDrift(stack, why=error.message, in_code=stack not in orphans, failed=True)
        on_end(found)
        return found

    try:
        return side_by_side.each(one, [*stacks, *orphans], at_once=workspace.tools.parallelism)
    finally:
        shutil.rmtree(workspace.project.root / OUT, ignore_errors=True)  # plans hold secrets


@dataclass(frozen=True)
class _Applied:
    """Stacks as they were applied last, of which commit; `workspace` has them in place of cdktf.out."""

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
            except (StackBlocked, TerraformFailed) as unreadable:
                # A pull request's role, or no store at all: the state and the world can still be compared.
                notes[stack] = f"looked at by the code: what was applied last cannot be read ({unreadable.message})"
                continue
            about = archive.about(body) if body else None
            if body and about and about.purpose == "apply":
                commits[stack], archives[stack] = about.commit, body
            else:
                notes[stack] = "looked at by the code: no bundle of it is kept"
        return cls(extracted.extract(workspace, archives, name=OUT).workspace, commits, notes)


def _look(workspace: Workspace, applied: _Applied, stack: str, *, in_code: bool, stop: threading.Event) -> StackDrift:
    refuse_placeholders(workspace.environment_of(stack))
    commit = applied.commits.get(stack, "")
    found = StackDrift(stack, in_code=in_code, compared_with=commit)
    found = replace(found, note=applied.notes.get(stack, ""))
    if not in_code and not commit:
        return replace(found, why="no code, and no bundle of it is kept")
    if in_code and (reason := workspace.unplannable(stack)):
        return replace(found, why=reason[1])
    as_applied = applied.workspace if commit else workspace
    if not as_applied.store(stack).deployed():
        return replace(found, not_deployed=True)
    with private_folder() as private:
        refreshed = _run(as_applied, stack).plan(private / "refreshed", stop=stop)
        code = _run(workspace, stack).plan(private / "code", refresh=False, stop=stop) if in_code else {}
    drifted = list(_drifted(refreshed))
    return replace(
        found,
        drift=tuple(one for one, counts in drifted if counts),
        computed=tuple(one for one, counts in drifted if not counts),
        undeployed=tuple(_undeployed(code)),
    )


def _run(workspace: Workspace, stack: str) -> PlanRun:
    folder: Path = workspace.manifest().stack(stack).folder
    return PlanRun(folder, stack, workspace.tools.terraform, workspace.environ(stack))


def _drifted(plan: Plan) -> Iterator[tuple[Touched, bool]]:
    """What a refresh found, and whether it counts: set by the code, put back by the plan, or gone altogether."""
    configured = {
        one["address"]: set(one.get("expressions", {}))
        for one in plan.get("configuration", {}).get("root_module", {}).get("resources", ())
    }
    planned = {one["address"]: one["change"] for one in plan.get("resource_changes", ())}
    for one in plan.get("resource_drift", ()):
        change, address = one["change"], one["address"]
        if change["actions"] == ["no-op"]:
            continue
        if "delete" in change["actions"]:
            yield Touched(address, (), "deleted"), True
            continue
        names = _unlike(change)
        if not names:
            continue
        back = set(_unlike(planned[address])) if address in planned else set()
        counting = tuple(name for name in names if name in configured.get(address.partition("[")[0], set()) | back)
        yield Touched(address, counting or names, "changed"), bool(counting)


def _undeployed(plan: Plan) -> Iterator[Touched]:
    for one in changed_resources(plan):
        actions = one["change"]["actions"]
        names = _unlike(one["change"]) if actions == ["update"] else ()
        yield Touched(one["address"], names, "replace" if len(actions) == 2 else actions[0])
    for name, change in changed_outputs(plan).items():
        yield Touched(f"output {name}", (), change["actions"][0])


def _unlike(change: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of attributes that differ. None, empty and absent are the same: a refresh likes to put one for another."""
    before, after = change.get("before") or {}, change.get("after") or {}
    known = sorted(before.keys() | after.keys())
    return tuple(name for name in known if (before.get(name) or None) != (after.get(name) or None))


def markdown(found: StackDrift) -> str:
    """The body of an issue: the same text for the same finding, whoever looks and when."""
    lines = [f"`{found.stack}` is not as Terraform left it."]
    for title, touched in (
        ("Changed outside of Terraform", found.drift),
        ("Code that is not deployed", found.undeployed),
    ):
        if touched:
            lines += ["", f"**{title}**", ""]
            lines += [f"- `{one.address}` {one.how}{_names(one)}" for one in touched]
    lines += [
        "",
        f"{bootstrap_stacks.way_back(found.stack)}, or take it over into the code.",
        f"`gw drift {found.stack}` looks again; the issue closes itself when nothing is left.",
    ]
    return "\n".join(lines) + "\n"


def _names(one: Touched) -> str:
    return f": {', '.join(f'`{name}`' for name in one.attributes)}" if one.attributes else ""


def require_some(stacks: Sequence[str]) -> None:
    """Raise UsageError where there is nothing to look at."""
    if not stacks:
        raise UsageError("no stack is meant", fix="`gw list` shows them")
