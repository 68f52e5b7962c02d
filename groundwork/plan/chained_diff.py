"""The diffs of many stacks, side by side, each against the outputs that its upstream stacks will have once applied.

Against today's outputs, a new reference from one stack to another is an error ("unsupported attribute"), although the
upstream's apply resolves it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from groundwork.errors import StateLocked, TerraformFailed
from groundwork.plan import affected, contents, diff, prerequisites, remote_states
from groundwork.plan.bundle import Waiting
from groundwork.plan.diff import CHANGING, StackDiff, Status
from groundwork.plan.fingerprint import changed_outputs
from groundwork.plan.planned_outputs import PlannedOutputs
from groundwork.plan.provisional import Provisional
from groundwork.synthesis.manifest import Manifest
from groundwork.terraform.terraform import PLAN_FILE, PlanFile
from groundwork.toolchain import side_by_side
from groundwork.workspace import Workspace

_REPLANNED = {*CHANGING, Status.UNCHANGED, Status.ERROR}

_PROVISIONAL = "planned against the planned outputs of what it reads, and again after their apply"

OnEnd = Callable[[StackDiff], None]


def diff_stacks(
    workspace: Workspace,
    stacks: Sequence[str],
    *,
    base: Manifest | None = None,
    through_cdktf: bool = False,
    on_begin: Callable[[str], None] = lambda _: None,
    on_end: OnEnd = lambda _: None,
) -> list[StackDiff]:
    """What each stack would change, in the order of `stacks`; nothing is changed.

    A stack that reads an output which another one would change is planned against the planned output, or is *waiting*
    where the output is unknown until then. With a `base`, stacks that are the same there and read nothing that differs
    are untouched, and not planned. `through_cdktf` starts `cdktf diff` for each instead of what it runs. `on_end` gets
    each stack's diff once, when it is final. Raises EnvironmentFileError for placeholder accounts.
    """
    for stack in stacks:
        workspace.environment_of(stack).require_real_accounts()
    dependencies = workspace.manifest().dependencies
    reading = {stack for stack in stacks if set(dependencies[stack]) & set(stacks)}
    chain = _Chain(workspace, _not_planned(workspace, stacks, base), through_cdktf, on_begin)
    postponed: list[str] = []

    def plan(stack: str, stop: threading.Event) -> None:
        planned = chain.plan_first(stack, stop)
        if stack in reading and planned.status is Status.ERROR:
            postponed.append(stack)  # it may only lack an output that its upstream does not have yet
        else:
            on_end(planned)

    side_by_side.each(plan, stacks, at_once=workspace.tools.parallelism)
    for batch in prerequisites.batches(stacks, dependencies):
        chain.plan_again([stack for stack in batch if stack in reading])
    for stack in postponed:
        on_end(chain.diffs[stack])
    return [chain.diffs[stack] for stack in stacks]


def _not_planned(workspace: Workspace, stacks: Sequence[str], base: Manifest | None) -> dict[str, tuple[Status, str]]:
    """Stack → why it cannot or need not be planned now."""
    manifest = workspace.manifest()
    blocked = prerequisites.blocked(stacks, manifest.dependencies, workspace.deployed)
    reasons = {
        stack: (Status.BLOCKED, f"waits for {', '.join(upstream)}, which has no state yet")
        for stack, upstream in blocked.items()
    }
    for stack in stacks:
        if reason := workspace.unplannable(stack):
            reasons[stack] = (Status.NO_PROVIDER if reason.missing == "provider" else Status.NO_CLUSTER, reason.why)
    if base:
        touched = affected.affected(base, manifest)
        untouched = (Status.UNTOUCHED, "its Terraform and everything it reads are as in the base")
        reasons |= {stack: untouched for stack in stacks if stack not in touched}
    return reasons


@dataclass
class _Chain:
    workspace: Workspace
    not_planned: Mapping[str, tuple[Status, str]]
    through_cdktf: bool
    on_begin: Callable[[str], None]
    diffs: dict[str, StackDiff] = field(default_factory=dict)
    _plans: dict[str, PlanFile] = field(default_factory=dict)

    def plan_first(self, stack: str, stop: threading.Event) -> StackDiff:
        """Plan a stack against the states as they are."""
        if stack in self.not_planned:
            status, why = self.not_planned[stack]
            self.diffs[stack] = StackDiff(stack, status, why=why)
        else:
            self.on_begin(stack)
            make = self._through_cdktf if self.through_cdktf else self._with_terraform
            self.diffs[stack] = self._diff(stack, lambda: make(stack, None, stop))
        return self.diffs[stack]

    def plan_again(self, stacks: Sequence[str]) -> None:
        """Plan the stacks of a batch that read outputs which would change; the diffs of their upstreams are final."""
        planned: dict[str, dict[str, PlannedOutputs]] = {}
        for stack in stacks:
            if self.diffs[stack].status in _REPLANNED and (outputs := self._planned_outputs(stack)):
                planned[stack] = outputs
        if not planned:
            return
        with Provisional(self.workspace.project.root, planned) as folders:

            def plan(stack: str, stop: threading.Event) -> None:
                with folders.folder(stack, self.workspace.folder(stack)) as folder:
                    diff_ = self._diff(stack, lambda: self._with_terraform(stack, folder, stop))
                self.diffs[stack] = diff_ if diff_.status is Status.ERROR else replace(diff_, why=_PROVISIONAL)

            side_by_side.each(plan, list(planned), at_once=self.workspace.tools.parallelism)

    def _diff(self, stack: str, make: Callable[[], PlanFile]) -> StackDiff:
        self._plans.pop(stack, None)
        try:
            plan = make()
            planned = diff.of_plan(stack, plan, secrets_read=partial(self._secrets_read, stack))
        except (TerraformFailed, StateLocked) as error:
            # An error of this stack alone: a pull request must still see the other stacks. `cdktf diff` takes locks.
            return StackDiff(stack, Status.ERROR, why=error.message)
        if planned.status in CHANGING:
            self._plans[stack] = plan
        return planned

    def _secrets_read(self, stack: str) -> Iterator[Any]:
        """Values of the sensitive outputs of the stacks that a stack reads: as they are, and as they are planned."""
        for up in self.workspace.manifest().dependencies[stack]:
            yield from self.workspace.store(up).sensitive_outputs().values()
            if plan := self._plans.get(up):
                yield from PlannedOutputs.of(plan.document).sensitive()

    def _with_terraform(self, stack: str, folder: Path | None, stop: threading.Event) -> PlanFile:
        return self.workspace.terraform(stack, folder).plan(lock=False, stop=stop)

    def _through_cdktf(self, stack: str, _: Path | None, stop: threading.Event) -> PlanFile:
        log = self.workspace.cdktf(stack).diff(stack, stop=stop)
        terraform = self.workspace.terraform(stack)
        plan = PlanFile(terraform, terraform.folder / PLAN_FILE, log.text, has_changes=True)
        return replace(plan, has_changes=contents.outcome(plan.document) != "no change")

    def _planned_outputs(self, stack: str) -> dict[str, PlannedOutputs]:
        """Data source → planned outputs to plan a stack against; empty where its diff is final, perhaps *waiting*."""
        manifest = self.workspace.manifest()
        terraform = manifest.stack(stack).terraform
        upstream = [up for up in manifest.dependencies[stack] if up in self.diffs]
        waiting = [up for up in upstream if self.diffs[up].status is Status.WAITING]
        unknown: list[str] = []
        outputs: dict[str, PlannedOutputs] = {}
        for up in upstream:
            if up not in self._plans or not (changed := frozenset(changed_outputs(self._plans[up].document))):
                continue
            planned = PlannedOutputs.of(self._plans[up].document)
            for name in remote_states.sources(terraform, {up: self.workspace.store(up).backend}):
                missing = remote_states.used(planned.unknown, terraform, name)
                unknown += [f"{up}.{output}" for output in sorted(missing)]
                waiting += [up] if missing and up not in waiting else []
                if remote_states.used(changed, terraform, name):
                    outputs[name] = planned
        if not waiting:
            return outputs
        waits = Waiting(stack=stack, upstream=tuple(waiting), outputs=tuple(unknown))
        self.diffs[stack] = StackDiff(stack, Status.WAITING, why=str(waits))
        return {}
