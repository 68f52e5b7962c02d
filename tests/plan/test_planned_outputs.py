"""Which outputs a plan knows before its apply, and which outputs another stack reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundwork.plan import remote_states
from groundwork.plan.planned_outputs import PlannedOutputs


def plan(**outputs: dict[str, Any]) -> dict[str, Any]:
    """A plan whose outputs have `value` and `unknown` marks."""
    return {
        "planned_values": {
            "outputs": {
                name: {"sensitive": each.get("sensitive", False), "type": "string"}
                | ({"value": each["value"]} if "value" in each else {})
                for name, each in outputs.items()
            }
        },
        "output_changes": {
            name: {"actions": ["create"], "after_unknown": each.get("unknown", False)} for name, each in outputs.items()
        },
    }


def test_an_output_that_is_known_only_in_part_is_unknown() -> None:
    outputs = PlannedOutputs.of(
        plan(
            complete={"value": "there"},
            none={"unknown": True},
            part={"value": {"name": "there"}, "unknown": {"name": False, "arn": True}},
            listed={"value": ["a"], "unknown": [False, {"id": True}]},
            unprinted={},
        )
    )
    assert set(outputs.known) == {"complete"}
    assert outputs.unknown == {"none", "part", "listed", "unprinted"}


def test_the_provisional_state_keeps_types_and_sensitivity_of_outputs() -> None:
    outputs = PlannedOutputs.of(
        plan(open={"value": "a"}, secret={"value": "b", "sensitive": True}, none={"unknown": True})
    )
    assert json.loads(outputs.state_file())["outputs"] == {
        "open": {"value": "a", "type": "string"},
        "secret": {"value": "b", "type": "string", "sensitive": True},
    }


@pytest.mark.parametrize(
    ("expression", "read"),
    [
        ("${data.terraform_remote_state.up.outputs.one}", {"one"}),
        ("${jsonencode([data.terraform_remote_state.up.outputs.one.arn, data.terraform_remote_state.up.outputs.two])}",
         {"one", "two"}),
        ('${data.terraform_remote_state.up.outputs["cross-stack-output-x"]}', {"cross-stack-output-x"}),
        ("${data.terraform_remote_state.up.outputs.cross-stack-output-x[0]}", {"cross-stack-output-x"}),
        ("${data.terraform_remote_state.upper.outputs.one} ${data.terraform_remote_state.up-2.outputs.two}", set()),
        ("${data.terraform_remote_state.up.outputs}", remote_states.EVERYTHING),
        ("${keys(data.terraform_remote_state.up)}", remote_states.EVERYTHING),
        ('${data.terraform_remote_state.up.outputs[var.name]}', remote_states.EVERYTHING),
        ('${data.terraform_remote_state.up.outputs["${var.name}"]}', remote_states.EVERYTHING),
    ],
)  # fmt: skip
def test_the_outputs_that_an_expression_reads_are_recognised(expression: str, read: set[str] | None) -> None:
    terraform = {
        "resource": {"x": {"y": {"nested": [{"text": expression}]}}},
        "//": {"text": "data.terraform_remote_state.up"},
    }
    assert remote_states.outputs_read(terraform, "up") == read


def test_a_stack_s_state_is_recognised_by_its_bucket_and_key() -> None:
    mine, other = ({"bucket": "state", "key": key, "region": "eu-west-2"} for key in ("dev/a.tfstate", "dev/b.tfstate"))
    terraform = {
        "data": {
            "terraform_remote_state": {
                "first": {"backend": "s3", "config": dict(mine)},
                "listed": [{"backend": "s3", "config": dict(mine)}],
                "second": {"backend": "s3", "config": dict(other)},
                "elsewhere": {"backend": "s3", "config": {**mine, "bucket": "of-another-account"}},
                "local": {"backend": "local", "config": dict(mine)},
            }
        }
    }
    assert remote_states.sources(terraform, {"dev-a": mine}) == {"first": "dev-a", "listed": "dev-a"}
