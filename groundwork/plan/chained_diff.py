"""The diff of stacks that read what others of the same diff would change: against the outputs as they will be.

Against the outputs as they are, a new reference of one stack to another is an error ("unsupported attribute"), although
nothing is wrong: the upstream's apply makes it right.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from groundwork.errors import StateLocked, TerraformFailed
from groundwork.plan import diff as diffing
from groundwork.plan import prerequisites, remote_states
from groundwork.plan.bundle import Waiting
from groundwork.plan.diff import OUTPUTS_CHANGE, StackDiff, Status
from groundwork.plan.fingerprint import changed_outputs
from groundwork.plan.planned_outputs import PlannedOutputs
from groundwork.plan.provisional import Provisional
from groundwork.synthesis.manifest import Manifest
from groundwork.terraform.plan_run import PlanRun, plan_file
from groundwork.terraform.stack_plan import StackPlan
from groundwork.toolchain import side_by_side
from groundwork.workspace import Workspace

_CHANGING = {Status.CHANGED, Status.DESTROYS, Status.REPLACES}
_PLANNED_OR_FAILED = {*_CHANGING, Status.UNCHANGED, Status.ERROR}

_PROVISIONAL = "planned against the planned outputs of what it reads, and once more after their apply"

OnEnd = Callable[[StackDiff], None]


def diff(
    workspace: Workspace,
    stacks: Sequence[str],
    *,
    base: Manifest | None = None,
    through_cdktf: bool = False,
    on_begin: Callable[[str], None] = lambda _: None,
    on_end: OnEnd = lambda _: None,
) -> list[StackDiff]:
    """`Workspace.diff`, and then once more what reads an output that would change.

    Such a stack is planned against the planned outputs, or is *waiting* where one that it uses is unknown until then.
    `on_end` is told of each stack once, when its diff stands.
    """
    dependencies = workspace.manifest().dependencies
    reading = {stack for stack in stacks if set(dependencies[stack]) & set(stacks)}
    held: dict[str, StackDiff] = {}

    def first(one: StackDiff) -> None:
        if one.stack in reading and one.status is Status.ERROR:
            held[one.stack] = one  # perhaps it only misses what its upstream does not give yet
        else:
            on_end(one)

    found = workspace.diff(stacks, base=base, through_cdktf=through_cdktf, on_begin=on_begin, on_end=first)
    settling = _Settling(workspace, {one.stack: one for one in found})
    for level in prerequisites.waves(stacks, dependencies):
        settling.level([stack for stack in level if stack in reading])
    for stack in held:
        on_end(settling.found[stack])
    return [settling.found[stack] for stack in stacks]


@dataclass(frozen=True)
class _Outputs:
    """What an upstream stack gives after its apply, and which names of it change by that."""

    planned: PlannedOutputs
    changed: frozenset[str]

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> _Outputs:
        return cls(PlannedOutputs.of(plan), frozenset(changed_outputs(plan)))


@dataclass
class _Settling:
    workspace: Workspace
    found: dict[str, StackDiff]
    _outputs: dict[str, _Outputs] = field(default_factory=dict)

    def level(self, stacks: Sequence[str]) -> None:
        """Settle stacks that do not read each other, after all that they read."""
        sources: dict[str, dict[str, PlannedOutputs]] = {}
        for stack in stacks:
            if self.found[stack].status in _PLANNED_OR_FAILED and (stand_ins := self._stand_ins(stack)):
                sources[stack] = stand_ins
        if not sources:
            return
        with Provisional(self.workspace.project.root, sources) as folders:

            def one(stack: str, stop: threading.Event) -> StackDiff:
                return self._plan(stack, folders, stop)

            again = side_by_side.each(one, list(sources), at_once=self.workspace.tools.parallelism)
        self.found |= {settled.stack: settled for settled in again}

    def _stand_ins(self, stack: str) -> dict[str, PlannedOutputs]:
        """What to plan a stack against in place of states; empty where its diff stands, which may now be *waiting*."""
        manifest = self.workspace.manifest()
        terraform = manifest.stack(stack).terraform
        ups = [up for up in manifest.dependencies[stack] if up in self.found]
        waiting = [up for up in ups if self.found[up].status is Status.WAITING]
        unknown: list[str] = []
        stand_ins: dict[str, PlannedOutputs] = {}
        for up in ups:
            if self.found[up].status not in _CHANGING or OUTPUTS_CHANGE not in self.found[up].text:
                continue
            outputs = self._outputs_of(up)
            for name in remote_states.sources(terraform, {up: self.workspace.store(up).backend}):
                missing = remote_states.used(outputs.planned.unknown, terraform, name)
                unknown += [f"{up}.{output}" for output in sorted(missing)]
                waiting += [up] if missing and up not in waiting else []
                if remote_states.used(outputs.changed, terraform, name):
                    stand_ins[name] = outputs.planned
        if not waiting:
            return stand_ins
        waits = Waiting(stack=stack, upstream=tuple(waiting), outputs=tuple(unknown))
        self.found[stack] = StackDiff(stack, Status.WAITING, why=str(waits))
        return {}

    def _plan(self, stack: str, folders: Provisional, stop: threading.Event) -> StackDiff:
        synthesised, tools = self.workspace.manifest().stack(stack), self.workspace.tools
        environ = self.workspace.environ(stack)
        with folders.folder(stack, synthesised.folder) as where:
            planned = StackPlan(replace(synthesised, folder=where), tools.terraform, environ, tools.run)
            try:
                again = diffing.read(stack, planned.diff(stop=stop).lines)
            except (TerraformFailed, StateLocked) as error:
                return StackDiff(stack, Status.ERROR, why=error.message)
            if again.status in _CHANGING:
                run = PlanRun(where, stack, tools.terraform, environ)
                self._outputs[stack] = _Outputs.of(run.show(plan_file(where), stop=stop))
        return replace(again, why=_PROVISIONAL)

    def _outputs_of(self, up: str) -> _Outputs:
        if up not in self._outputs:
            folder = self.workspace.manifest().stack(up).folder
            run = PlanRun(folder, up, self.workspace.tools.terraform, self.workspace.environ(up))
            self._outputs[up] = _Outputs.of(run.show(plan_file(folder)))
        return self._outputs[up]
