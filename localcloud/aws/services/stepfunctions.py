"""Step Functions: the check of a definition that comes before a state machine, and the list of its versions."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws.patching import add


def install() -> None:
    """The provider validates before it creates or changes, and lists versions when it reads; moto has neither."""
    from moto.stepfunctions.responses import StepFunctionResponse

    add(StepFunctionResponse, "validate_state_machine_definition", validate_state_machine_definition)
    add(StepFunctionResponse, "list_state_machine_versions", list_state_machine_versions)


def list_state_machine_versions(self: Any) -> Any:
    """ListStateMachineVersions, newest first."""
    from moto.core.responses import ActionResult

    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    versions = sorted(machine.versions.values(), key=lambda version: version.version, reverse=True)
    return ActionResult(
        {
            "stateMachineVersions": [
                {"stateMachineVersionArn": version.arn, "creationDate": machine.creation_date} for version in versions
            ]
        }
    )


def validate_state_machine_definition(self: Any) -> Any:
    """ValidateStateMachineDefinition: JSON, a start that exists, and successors that exist."""
    from moto.core.responses import ActionResult

    problems = _problems(self._get_param("definition"))
    return ActionResult(
        {
            "result": "FAIL" if problems else "OK",
            "diagnostics": [
                {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": problem} for problem in problems
            ],
            "truncated": False,
        }
    )


def _problems(definition: str) -> list[str]:
    try:
        machine = json.loads(definition)
    except json.JSONDecodeError as error:
        return [f"the definition is not JSON: {error}"]
    states = machine.get("States") if isinstance(machine, dict) else None
    if not states:
        return ["the definition has no States"]
    named = {"StartAt": machine.get("StartAt")}
    named.update({f"{name}.Next": state["Next"] for name, state in states.items() if "Next" in state})
    return [
        f"{where} names {target!r}, which is not a state" for where, target in named.items() if target not in states
    ]
