"""The outputs that a stack will have once its plan is applied, as a state that others can read before that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Plan = Mapping[str, Any]


@dataclass(frozen=True)
class PlannedOutputs:
    """Outputs of one stack after its apply. `known` is name → value, type and sensitivity as Terraform's JSON has them.

    `unknown` are the names whose value, or a part of it, is decided by the apply. Values may be secret: they are held
    in memory, and written by `state_file` alone.
    """

    known: Mapping[str, Mapping[str, Any]]
    unknown: frozenset[str]

    @classmethod
    def of(cls, plan: Plan) -> PlannedOutputs:
        """What `terraform show -json PLAN` says of the root module's outputs."""
        changes = plan.get("output_changes", {})
        planned = plan.get("planned_values", {}).get("outputs", {})
        unknown = {name for name in planned if _any(changes.get(name, {}).get("after_unknown"))}
        # A value that Terraform does not print is unknown, whatever the marks say: never an empty one instead.
        unknown |= {name for name, output in planned.items() if "type" not in output or "value" not in output}
        return cls({name: one for name, one in planned.items() if name not in unknown}, frozenset(unknown))

    def state_file(self) -> bytes:
        """A Terraform state (format 4) that has these outputs and nothing else."""
        outputs = {
            name: {
                "value": one["value"],
                "type": one["type"],
                **({"sensitive": True} if one.get("sensitive") else {}),
            }
            for name, one in self.known.items()
        }
        document = {
            "version": 4,
            "terraform_version": "1.0.0",
            "serial": 1,
            "lineage": "planned-outputs",
            "outputs": outputs,
            "resources": [],
            "check_results": None,
        }
        return json.dumps(document).encode()


def _any(marks: object) -> bool:
    if isinstance(marks, Mapping):
        return any(_any(one) for one in marks.values())
    if isinstance(marks, list):
        return any(_any(one) for one in marks)
    return marks is True
