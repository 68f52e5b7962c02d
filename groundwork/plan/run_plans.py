"""Plans the stacks of an environment in one run: what can be planned now, and what has to wait for an apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from groundwork.errors import UsageError
from groundwork.plan import bootstrap_stacks, prerequisites
from groundwork.plan.bundle import Waiting
from groundwork.plan.make import SILENT, MadeBundle, Planner, Watch, Wave, make
from groundwork.plan.provisional import Provisional
from groundwork.plan.upstream import Upstream
from groundwork.refusals import Code, Refusal, require_none
from groundwork.workspace import Workspace


@dataclass(frozen=True)
class Plans:
    """The plans of a run, in deploy order. `left_out` is stack → why it was not planned."""

    made: tuple[MadeBundle, ...]
    waiting: tuple[Waiting, ...]
    left_out: Mapping[str, str]


def environment_of(workspace: Workspace, stacks: Sequence[str]) -> str:
    """The environment of these stacks; raises UsageError where there are several: each is approved by itself."""
    names = workspace.environments_of(stacks) if stacks else []
    if len(names) != 1:
        raise UsageError(
            f"plans are made for one environment, not for {', '.join(names) or 'none'}", fix="gw plan make ENVIRONMENT"
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
    orphans: Workspace | None = None,
) -> Plans:
    """Plan `stacks` for an apply and `destroy` for their end; `orphans` holds those of them that have no code.

    A stack that reads one which this run would change is planned provisionally, a wave later, against the planned
    outputs of that stack. It waits where it reads an output that is unknown until then, or a stack without a state.
    Raises Refused (provider-missing) on AWS where a stack cannot be planned on this machine; on the laptop such stacks
    are left out, as in `gw deploy`. On AWS bootstrap stacks are left out, too: stacks that read them are planned
    against their states.
    """
    manifest = workspace.manifest()
    orphaned = [stack.name for stack in orphans.manifest().stacks] if orphans else []
    bootstrap = bootstrap_stacks.left_out(workspace.environments, stacks)
    stacks = [stack for stack in stacks if stack not in bootstrap]
    with_code = [stack for stack in [*stacks, *destroy] if stack not in orphaned]
    unplannable = {stack: reason.why for stack in with_code if (reason := workspace.unplannable(stack))}
    require_none(
        [
            Refusal(Code.PROVIDER_MISSING, f"it cannot be planned: {why}", "gw doctor", stack)
            for stack, why in unplannable.items()
            if not workspace.on_laptop(stack)
        ]
    )
    destroyed = [stack for stack in destroy if stack not in unplannable and stack not in orphaned]
    prerequisites.require_unread(
        destroyed, manifest.dependencies, lambda stack: stack not in destroy and workspace.deployed(stack)
    )
    applied = [stack for stack in stacks if stack not in unplannable and stack not in destroy]
    upstream = Upstream(lambda stack: workspace.store(stack).backend, workspace.deployed)
    for batch in prerequisites.batches(applied, manifest.dependencies):
        ready = []
        for stack in batch:
            waits = upstream.waits(stack, manifest.stack(stack).terraform, manifest.dependencies[stack])
            if waits:
                upstream.waiting[stack] = waits
            else:
                ready.append(stack)
        if ready:
            _plan_batch(workspace, ready, upstream, planner=planner, out=out, watch=watch)
    for owner, ended in ((workspace, destroyed), (orphans, orphaned)):
        if owner and ended:
            secrets_read = partial(_secrets_read, owner, upstream)
            made = make(
                owner, ended, purpose="destroy", planner=planner, out=out, watch=watch, secrets_read=secrets_read
            )
            upstream.add(made)
    order = [*(stack.name for stack in manifest.stacks), *orphaned]
    return Plans(
        tuple(sorted(upstream.made.values(), key=lambda each: order.index(each.bundle.stack))),
        tuple(sorted(upstream.waiting.values(), key=lambda waits: order.index(waits.stack))),
        {**bootstrap, **unplannable},
    )


def _plan_batch(
    workspace: Workspace, stacks: Sequence[str], upstream: Upstream, *, planner: Planner, out: Path, watch: Watch
) -> None:
    """Plan stacks that do not read each other, each against the planned outputs of the changed stacks that it reads."""
    manifest = workspace.manifest()
    reads = {stack: upstream.changed(manifest.dependencies[stack]) for stack in stacks}
    folders = Provisional(
        workspace.project.root,
        {stack: upstream.sources(manifest.stack(stack).terraform, ups) for stack, ups in reads.items()},
    )
    wave = Wave(
        numbers={stack: upstream.wave(manifest.dependencies[stack]) for stack in stacks},
        provisional=frozenset(stack for stack, changed in reads.items() if changed),
        folder=folders.folder,
    )
    with folders:
        upstream.add(
            make(
                workspace,
                stacks,
                purpose="apply",
                planner=planner,
                out=out,
                wave=wave,
                watch=watch,
                on_plan=upstream.take_outputs,
                secrets_read=partial(_secrets_read, workspace, upstream),
            )
        )


def _secrets_read(workspace: Workspace, upstream: Upstream, stack: str) -> Iterator[Any]:
    """Values of the sensitive outputs of the stacks that a stack reads: as they are, and as this run plans them."""
    for up in workspace.manifest().dependencies[stack]:
        yield from workspace.store(up).sensitive_outputs().values()
        if up in upstream.outputs:
            yield from upstream.outputs[up].sensitive()
