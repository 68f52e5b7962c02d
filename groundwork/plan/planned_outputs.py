"""The outputs that a stack will have once its plan is applied, as a state that others can read earlier."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.plan.fingerprint import Plan


@dataclass(frozen=True)
class PlannedOutputs:
    """Outputs of a stack after its apply. `known` is name → value, type and sensitivity as in Terraform's JSON.

    `unknown` are the names whose value, wholly or in part, only the apply decides. Values may be secret: they are held
    in memory, and only `state_file` writes them out.
    """

    known: Mapping[str, Mapping[str, Any]]
    unknown: frozenset[str]

    @classmethod
    def of(cls, plan: Plan) -> PlannedOutputs:
        """The root module's outputs in the result of `terraform show -json PLAN`."""
        changes = plan.get("output_changes", {})
        planned = plan.get("planned_values", {}).get("outputs", {})
        unknown = {name for name in planned if _any(changes.get(name, {}).get("after_unknown"))}
        # A value that Terraform does not print is unknown whatever the marks say, and must not become an empty one.
        unknown |= {name for name, output in planned.items() if "type" not in output or "value" not in output}
        return cls({name: output for name, output in planned.items() if name not in unknown}, frozenset(unknown))

    def sensitive(self) -> list[Any]:
        """The values that are marked sensitive."""
        return [output["value"] for output in self.known.values() if output.get("sensitive")]

    def state_file(self) -> bytes:
        """A Terraform state (format 4) with only these outputs."""
        outputs = {
            name: {
                "value": output["value"],
                "type": output["type"],
                **({"sensitive": True} if output.get("sensitive") else {}),
            }
            for name, output in self.known.items()
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
        return any(_any(mark) for mark in marks.values())
    if isinstance(marks, list):
        return any(_any(mark) for mark in marks)
    return marks is True
