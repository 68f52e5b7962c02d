"""What the plans of a run mean for the stacks that read them: their wave, and which outputs they wait for or use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from groundwork.plan import remote_states
from groundwork.plan.bundle import Waiting
from groundwork.plan.make import MadeBundle
from groundwork.plan.planned_outputs import PlannedOutputs

Backends = Mapping[str, Mapping[str, Any]]


@dataclass
class Upstream:
    """The stacks of a run that have been planned so far, in dependency order.

    `backend` returns the S3 backend of a stack, `deployed` whether it has a state that can be read.
    """

    backend: Callable[[str], Mapping[str, Any]]
    deployed: Callable[[str], bool]
    outputs: dict[str, PlannedOutputs] = field(default_factory=dict)
    made: dict[str, MadeBundle] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)

    def take_outputs(self, stack: str, plan: Mapping[str, Any]) -> None:
        """Remember the planned outputs of a plan, given as Terraform's JSON, and nothing else of it."""
        self.outputs[stack] = PlannedOutputs.of(plan)

    def add(self, bundles: Iterable[MadeBundle]) -> None:
        """Remember bundles that this run made."""
        self.made |= {made.bundle.stack: made for made in bundles}

    def waits(self, stack: str, terraform: Mapping[str, Any], dependencies: Sequence[str]) -> Waiting | None:
        """What a stack waits for; None where it can be planned now, finally or provisionally."""
        absent = [up for up in dependencies if up in self.waiting or (up not in self.made and not self.deployed(up))]
        unknown = {up: names for up in self.changed(dependencies) if (names := self._unknown(terraform, up))}
        upstream = [up for up in dependencies if up in absent or up in unknown]
        if not upstream:
            return None
        outputs = sorted(f"{up}.{name}" for up, names in unknown.items() for name in names)
        return Waiting(stack=stack, upstream=tuple(upstream), outputs=tuple(outputs))

    def changed(self, dependencies: Sequence[str]) -> list[str]:
        """The upstream stacks of a stack that this run would change."""
        return [up for up in dependencies if up in self.made and self.made[up].bundle.outcome != "no change"]

    def wave(self, dependencies: Sequence[str]) -> int:
        """Number of the wave in which a stack gets its final plan; 0 where no upstream changes."""
        return max((self.made[up].bundle.wave + 1 for up in self.changed(dependencies)), default=0)

    def sources(self, terraform: Mapping[str, Any], stacks: Sequence[str]) -> dict[str, PlannedOutputs]:
        """Name of a `data.terraform_remote_state` → the planned outputs that replace the state of one of `stacks`."""
        read = remote_states.sources(terraform, {up: self.backend(up) for up in stacks})
        return {name: self.outputs[up] for name, up in read.items()}

    def _unknown(self, terraform: Mapping[str, Any], up: str) -> frozenset[str]:
        """Outputs of an upstream stack that are used and unknown until its apply."""
        unknown: set[str] = set()
        for name in remote_states.sources(terraform, {up: self.backend(up)}):
            unknown |= remote_states.used(self.outputs[up].unknown, terraform, name)
        return frozenset(unknown)
