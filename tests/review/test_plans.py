"""A review reads plans from `gw diff --json` or from an index, and shows what only a plan can know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import UsageError
from groundwork.review import make, plans
from groundwork.review.model import PlanResult, Review
from groundwork.review.redaction import Redactor
from tests.review.trees import STACK, resources, tree


def read(tmp_path: Path, content: Any) -> dict[str, PlanResult]:
    file = tmp_path / "plans.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return plans.read(file, Redactor())


def test_the_output_of_gw_diff_is_read(tmp_path: Path) -> None:
    counts = {"add": 1, "change": 2, "destroy": 3}
    entry = {"stack": "dev-api", "status": "replace", "counts": counts, "why": "", "text": "Plan: …", "wave": 2}
    (plan,) = read(tmp_path, [entry]).values()
    assert (plan.status, plan.add, plan.change, plan.destroy, plan.wave) == ("replace", 1, 2, 3, 2)
    assert plan.text == "Plan: …"


def test_a_stack_that_was_not_planned_has_no_counts(tmp_path: Path) -> None:
    (plan,) = read(tmp_path, [{"stack": "a", "status": "blocked", "counts": None, "why": "waits for b"}]).values()
    assert (plan.status, plan.add, plan.why) == ("blocked", 0, "waits for b")


def test_an_object_by_stack_is_read_and_unknown_keys_are_ignored(tmp_path: Path) -> None:
    plans = read(tmp_path, {"exit": 20, "stacks": {"a": {"status": "change", "add": 1}, "b": {"status": "no change"}}})
    assert {name: plan.status for name, plan in plans.items()} == {"a": "change", "b": "no change"}


def test_an_index_of_bundles_gives_outcomes_waves_and_waiting_stacks(tmp_path: Path) -> None:
    plans = read(
        tmp_path,
        {
            "format": 1,
            "bundles": [
                {"stack": "a", "outcome": "change", "wave": 0, "provisional": False, "digest": "x"},
                {"stack": "c", "outcome": "change", "wave": 1, "provisional": True, "digest": "x"},
            ],
            "waiting": [{"stack": "b", "upstream": ["a"], "outputs": ["a.id"]}],
        },
    )
    assert (plans["a"].status, plans["a"].why, plans["b"].status) == ("change", "", "waiting")
    assert plans["b"].why == "waits for a (a.id unknown until then)"
    assert (plans["c"].wave, "planned outputs" in plans["c"].why) == (1, True)


@pytest.mark.parametrize("content", ["{", '{"other": 1}', '"x"', '{"stacks": 1}', '[{"name": "a"}]'])
def test_a_file_without_stacks_is_a_usage_error(content: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"plans\.json"):
        read(tmp_path, content)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        plans.read(tmp_path / "none.json", Redactor())


def test_an_empty_list_of_plans_is_valid(tmp_path: Path) -> None:
    assert read(tmp_path, []) == {}


def reviewed(tmp_path: Path, plan: dict[str, Any]) -> Review:
    terraform = resources(aws_db_instance={"db": {"engine_version": "16"}})
    changed = resources(aws_db_instance={"db": {"engine_version": "17"}})
    file = tmp_path / "plans.json"
    file.write_text(json.dumps([plan]))
    base, head = tree(tmp_path / "base", {STACK: terraform}), tree(tmp_path / "head", {STACK: changed})
    return make.make(base, head, names=("b", "a"), plans=lambda redactor: plans.read(file, redactor))[0]


def planned(word: str, *addresses: str, destroy: int = 1, text: str = "") -> dict[str, Any]:
    """What `gw diff --json` prints for a plan that does one thing to some resources."""
    resources = [{"word": word, "resource": {"address": address}} for address in addresses]
    counts = {"add": 0, "change": 0, "destroy": destroy}
    return {"stack": STACK, "status": "x", "counts": counts, "text": text, "attributes": {"resources": resources}}


@pytest.mark.parametrize(
    ("word", "address"),
    [
        ("replace", "aws_db_instance.db"),
        ("move from aws_db_instance.a and replace", 'aws_db_instance.db["a] b"]'),
        ("destroy", "aws_db_instance.db[0]"),
        ("destroy", "aws_db_instance.db (0123abcd)"),
    ],
)
def test_a_replacement_that_only_the_plan_shows_is_a_risk_with_line(word: str, address: str, tmp_path: Path) -> None:
    (risk,) = reviewed(tmp_path, planned(word, address)).risks
    assert (risk.severity.value, risk.address) == ("high", "aws_db_instance.db")
    assert risk.origin[0].file == "stacks/dev-data.py"


def test_data_inside_a_module_is_data(tmp_path: Path) -> None:
    (risk,) = reviewed(tmp_path, planned("destroy", 'module.a["x"].module.b.aws_db_instance.db')).risks
    assert (risk.severity.value, risk.address) == ("high", "module.a.module.b.aws_db_instance.db")


def test_a_destroying_plan_without_resources_is_a_risk_of_its_stack(tmp_path: Path) -> None:
    (risk,) = reviewed(tmp_path, planned("replace", destroy=2)).risks
    assert "2 resources" in risk.sentence


@pytest.mark.parametrize("text", ["", "  # aws_db_instance.db will be destroyed\n"])
def test_what_a_value_prints_into_the_plan_is_no_risk(text: str, tmp_path: Path) -> None:
    assert reviewed(tmp_path, planned("change", "aws_db_instance.db", destroy=0, text=text)).risks == ()


def test_an_orphan_is_shown_with_its_plan(tmp_path: Path) -> None:
    report = reviewed(tmp_path, {"stack": "dev-old", "status": "orphaned", "counts": None})
    assert [(stack.stack, stack.environment, stack.plan and stack.plan.status) for stack in report.stacks][-1] == (
        "dev-old",
        "dev",
        "orphaned",
    )
