"""Single checks of the gate, for details of their messages and for rare cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from groundwork.gate import approvals, destroys, world
from groundwork.gate.approval import Approval, ApprovalFacts
from groundwork.gate.facts import RunFacts
from groundwork.refusals import Code
from tests.support.sample_bundles import AT, COMMIT, index

CHANGED = {"address": "a.b", "change": {"actions": ["update"], "before": {"size": 1}, "after": {"size": 2}}}
GONE = {"address": "a.c", "change": {"actions": ["delete"], "before": {"size": 1}, "after": None}}


def plan(*, drift: list[dict[str, Any]] | None = None, **after: Any) -> dict[str, Any]:
    change = {"actions": ["update"], "before": {"size": 0, "name": "x"}, "after": {"size": 0, "name": "x", **after}}
    resources = [{"address": "r.one", "type": "r", "mode": "managed", "change": change}]
    return {"resource_changes": resources, "resource_drift": drift or [], "output_changes": {}}


def test_a_value_that_aws_computes_is_no_drift_but_explains_the_difference() -> None:
    comparison = world.compare(plan(size=1), plan(drift=[CHANGED], size=2), same=False)
    assert comparison.drift == {}
    assert comparison.different == ("r.one (size)", "a.b (size, computed by AWS)")


def test_only_drift_that_the_approved_plan_did_not_know_is_reported() -> None:
    moved = {"address": "a.d", "change": {"actions": ["no-op"], "before": {}, "after": {}}}
    comparison = world.compare(plan(drift=[CHANGED], size=1), plan(drift=[CHANGED, GONE, moved], size=2), same=False)
    assert comparison.drift == {"a.c": ("deleted",)}


def test_a_difference_between_plans_names_attributes_without_values() -> None:
    comparison = world.compare(plan(size=1), plan(size="secret"), same=False)
    assert comparison.different == ("r.one (size)",)
    assert not comparison.drift


def test_a_different_action_is_named() -> None:
    other = plan()
    other["resource_changes"][0]["change"]["actions"] = ["delete", "create"]
    assert world.compare(plan(), other, same=False).different == ("r.one (update → replace)",)


def test_a_different_output_or_provider_is_a_difference() -> None:
    fresh = plan()
    fresh["output_changes"] = {"url": {"actions": ["update"], "before": "a", "after": "b"}}
    fresh["configuration"] = {"provider_config": {"aws": {"full_name": "aws", "expressions": {"region": "elsewhere"}}}}
    assert set(world.compare(plan(), fresh, same=False).different) == {"output url", "provider aws"}


def test_the_same_fingerprint_is_the_same_plan_whatever_drifted() -> None:
    assert world.compare({}, plan(drift=[CHANGED]), same=True).same


@pytest.mark.parametrize(
    ("contributors", "codes"),
    [((), set()), (("dave",), {Code.APPROVAL_TOO_EARLY, Code.APPROVAL_BY_AUTHOR})],
)
def test_an_approval_by_either_of_two_people_counts_if_both_may_approve(
    contributors: Sequence[str], codes: set[Code]
) -> None:
    """Two people approved two jobs of a run, and GitHub's history does not say who approved which."""
    early, late = AT - timedelta(minutes=1), AT + timedelta(minutes=1)
    recorded = [Approval("carol", early), Approval("dave", early), Approval("carol", late, or_by=["dave"])]
    facts = ApprovalFacts("dev", recorded, dict.fromkeys(contributors, "author of commit 1a2b3c4"), (), "100", 1)
    run = RunFacts(index(environment="dev"), "aws", COMMIT, True, "100", 1, ["dev-api"])
    assert {refusal.code for refusal in approvals.check(run, facts, AT)} == codes


@pytest.mark.parametrize(
    ("labels", "stacks"),
    [
        (["allow-destroy:dev-network", "bug"], {"dev-network"}),
        (["allow-destroy: dev-network"], {"dev-network"}),
        (["allow-destroy", "destroy:dev-network"], set()),
    ],
)
def test_a_label_allows_the_destruction_of_the_stack_it_names(labels: list[str], stacks: set[str]) -> None:
    assert destroys.allowed_by_labels(labels) == stacks
