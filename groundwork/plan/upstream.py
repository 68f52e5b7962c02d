"""What the plans of a run say about the stacks behind them: wave, what they wait for, what they are planned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from groundwork.plan import remote_states
from groundwork.plan.bundle import Waiting
from groundwork.plan.make import MadeBundle
from groundwork.plan.planned_outputs import PlannedOutputs

Backends = Mapping[str, Mapping[str, Any]]


@dataclass
class Upstream:
    """The stacks of a run that were planned so far, in dependency order.

    `backend` gives the S3 backend of a stack, `deployed` whether it has a state that can be read.
    """

    backend: Callable[[str], Mapping[str, Any]]
    deployed: Callable[[str], bool]
    outputs: dict[str, PlannedOutputs] = field(default_factory=dict)
    made: dict[str, MadeBundle] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)

    def saw(self, stack: str, plan: Mapping[str, Any]) -> None:
        """Take the planned outputs out of a plan as Terraform's JSON; nothing else of it is kept."""
        self.outputs[stack] = PlannedOutputs.of(plan)

    def waits(self, stack: str, terraform: Mapping[str, Any], dependencies: Sequence[str]) -> Waiting | None:
        """For what a stack waits; None where it can be planned now, finally or provisionally."""
        absent = [up for up in dependencies if up in self.waiting or (up not in self.made and not self.deployed(up))]
        unknown = {up: names for up in self.changed(dependencies) if (names := self._unknown(terraform, up))}
        upstream = [up for up in dependencies if up in absent or up in unknown]
        if not upstream:
            return None
        outputs = sorted(f"{up}.{name}" for up, names in unknown.items() for name in names)
        return Waiting(stack=stack, upstream=tuple(upstream), outputs=tuple(outputs))

    def changed(self, dependencies: Sequence[str]) -> list[str]:
        """Those of a stack's upstream stacks that this run would change."""
        return [up for up in dependencies if up in self.made and self.made[up].bundle.outcome != "no change"]

    def wave(self, dependencies: Sequence[str]) -> int:
        """Number of the wave in which a stack is planned finally; 0 where no upstream changes."""
        return max((self.made[up].bundle.wave + 1 for up in self.changed(dependencies)), default=0)

    def sources(self, terraform: Mapping[str, Any], stacks: Sequence[str]) -> dict[str, PlannedOutputs]:
        """Name of a `data.terraform_remote_state` → the planned outputs that stand in for the state, for `stacks`."""
        read = remote_states.sources(terraform, {up: self.backend(up) for up in stacks})
        return {name: self.outputs[up] for name, up in read.items()}

    def _unknown(self, terraform: Mapping[str, Any], up: str) -> frozenset[str]:
        """Outputs of an upstream stack that are used and not known before its apply."""
        found: set[str] = set()
        for name in remote_states.sources(terraform, {up: self.backend(up)}):
            found |= remote_states.used(self.outputs[up].unknown, terraform, name)
        return frozenset(found)
