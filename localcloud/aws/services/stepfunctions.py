"""Step Functions: the check of a definition before a state machine is made, and the list of its versions."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws.patching import add


def install() -> None:
    """The provider validates before it creates or changes, and lists versions when it reads; moto has neither."""
    from moto.stepfunctions.responses import StepFunctionResponse

    add(StepFunctionResponse, validate_state_machine_definition, list_state_machine_versions)


def list_state_machine_versions(self: Any) -> Any:
    """ListStateMachineVersions, newest first."""
    from moto.core.responses import ActionResult

    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    versions = sorted(machine.versions.values(), key=lambda version: version.version, reverse=True)
    listed = [{"stateMachineVersionArn": version.arn, "creationDate": machine.creation_date} for version in versions]
    return ActionResult({"stateMachineVersions": listed})


def validate_state_machine_definition(self: Any) -> Any:
    """ValidateStateMachineDefinition: JSON, a start that exists, and successors that exist."""
    from moto.core.responses import ActionResult

    diagnostics = [
        {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": problem}
        for problem in _problems(self._get_param("definition"))
    ]
    result = "FAIL" if diagnostics else "OK"
    return ActionResult({"result": result, "diagnostics": diagnostics, "truncated": False})


def _problems(definition: str) -> list[str]:
    try:
        machine = json.loads(definition)
    except json.JSONDecodeError as error:
        return [f"the definition is not JSON: {error}"]
    states = machine.get("States") if isinstance(machine, dict) else None
    if not states:
        return ["the definition has no States"]
    targets = {"StartAt": machine.get("StartAt")}
    targets.update({f"{name}.Next": state["Next"] for name, state in states.items() if "Next" in state})
    return [f"{key} names {name!r}, which is not a state" for key, name in targets.items() if name not in states]
