"""Plans the stacks of an environment in one go: what can be planned finally now, and what has to wait for an apply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.delivery import prerequisites
from groundwork.delivery.bundle.make import SILENT, MadeBundle, Planner, Watch, make
from groundwork.delivery.bundle.model import Waiting
from groundwork.delivery.gate.refusals import Code, Refusal, require_none
from groundwork.delivery.workspace import Workspace
from groundwork.errors import UsageError


@dataclass(frozen=True)
class Plans:
    """What came of it, in deploy order. `left_out` is stack → why Terraform has no part in it here (laptop only)."""

    made: tuple[MadeBundle, ...]
    waiting: tuple[Waiting, ...]
    left_out: Mapping[str, str]


def environment_of(workspace: Workspace, stacks: Sequence[str]) -> str:
    """The one environment of these stacks; raises UsageError where there are several: each is approved by itself."""
    names = workspace.environments_of(stacks) if stacks else []
    if len(names) != 1:
        raise UsageError(
            f"plans are made of one environment, not of {', '.join(names) or 'none'}", fix="gw plan make ENVIRONMENT"
        )
    return names[0]


def plan_all(
    workspace: Workspace,
    stacks: Sequence[str],
    *,
    destroy: Sequence[str] = (),
    planner: Planner,
    out: Path,
    watch: Watch = SILENT,
) -> Plans:
    """Plan `stacks` for an apply and `destroy` for their end.

    A stack that reads outputs which an apply of this run would change, or of a stack without a state, is not planned:
    it waits. Raises Refused (provider-missing) on AWS where a stack cannot be planned on this machine; on the laptop it
    is left out, as `gw deploy` does with what Terraform has no provider for.
    """
    manifest = workspace.manifest()
    unplannable = {stack: reason[1] for stack in [*stacks, *destroy] if (reason := workspace.unplannable(stack))}
    require_none(
        [
            Refusal(Code.PROVIDER_MISSING, f"it cannot be planned: {why}", "gw doctor", stack)
            for stack, why in unplannable.items()
            if workspace.environment_of(stack).target != "laptop"
        ]
    )
    going = [stack for stack in destroy if stack not in unplannable]
    prerequisites.require_unread(
        going, manifest.dependencies, lambda stack: stack not in destroy and workspace.store(stack).deployed()
    )
    coming = [stack for stack in stacks if stack not in unplannable and stack not in destroy]
    made: dict[str, MadeBundle] = {}
    waiting: dict[str, Waiting] = {}
    for level in prerequisites.waves(coming, manifest.dependencies):
        ready = []
        for stack in level:
            waits = _waits(workspace, stack, manifest.dependencies[stack], made, waiting)
            if waits:
                waiting[stack] = waits
            else:
                ready.append(stack)
        if ready:
            found = make(workspace, ready, purpose="apply", planner=planner, out=out, watch=watch)
            made |= {one.bundle.stack: one for one in found}
    if going:
        found = make(workspace, going, purpose="destroy", planner=planner, out=out, watch=watch)
        made |= {one.bundle.stack: one for one in found}
    order = [stack.name for stack in manifest.stacks]
    return Plans(
        tuple(sorted(made.values(), key=lambda one: order.index(one.bundle.stack))),
        tuple(sorted(waiting.values(), key=lambda one: order.index(one.stack))),
        unplannable,
    )


def _waits(
    workspace: Workspace,
    stack: str,
    upstream: Sequence[str],
    made: Mapping[str, MadeBundle],
    waiting: Mapping[str, Waiting],
) -> Waiting | None:
    """For what a stack waits; None where everything that it reads is there and stays as it is."""
    unknown = {up: made[up].changed_outputs for up in upstream if up in made and made[up].changed_outputs}
    absent = [up for up in upstream if up in waiting or (up not in made and not workspace.store(up).deployed())]
    reasons = [up for up in upstream if up in unknown or up in absent]
    outputs = sorted(f"{up}.{name}" for up, names in unknown.items() for name in names)
    return Waiting(stack=stack, upstream=tuple(reasons), outputs=tuple(outputs)) if reasons else None
