"""Rules of the organisation that an environment requires have no finding in what is applied, or nothing is applied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.gate import required_rules
from groundwork.gate.facts import RunFacts
from groundwork.refusals import Code
from groundwork.review.model import Review
from groundwork.review.rules import Policies
from tests.gate.gated_project import GatedProject, codes, only
from tests.review.trees import review_of
from tests.support.planned_project import ENVIRONMENT
from tests.support.sample_bundles import COMMIT, index

NOTHING_RED = '''
"""Nothing is red."""
from groundwork.review.model import Concern, Rule, Severity

RULE = Rule(severity=Severity.LOW, owner="painters", docs="https://rules.example/red")


def find(stack):
    for change in stack.changes:
        if change.after and change.after.body.get("input") == "red":
            yield change.risk(Concern.POLICY, RULE.severity, "The page is red.")
'''


def refused(policies: Path, *names: str, stacks: tuple[str, ...] = ("dev-web",)) -> list[tuple[Code, str, str]]:
    """What the gate says where these rules are required, of a stack and another one that become red."""
    red = {"resource": {"terraform_data": {"page": {"input": "red"}}}}
    review: Review = review_of(
        {"dev-web": {}, "dev-other": {}}, {"dev-web": red, "dev-other": red}, policies=Policies(policies)
    )
    rules = required_rules.judged(review, names, stacks)
    run = RunFacts(index(environment="dev"), "aws", COMMIT, True, "100", 1, ["dev-web"], rules=rules)
    return [(refusal.code, refusal.sentence, refusal.command) for refusal in required_rules.check(run)]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    (tmp_path / "nothing_red.py").write_text(NOTHING_RED)
    return tmp_path


def test_a_finding_is_refused_with_the_page_of_its_rule(policies: Path) -> None:
    assert refused(policies, "nothing-red") == [
        (
            Code.RULE_HAS_FINDING,
            "dev requires no finding of nothing-red, and it has: dev-web terraform_data.page: The page is red.",
            "correct the code as https://rules.example/red says; then gw plan make dev",
        )
    ]


def test_findings_of_other_stacks_and_rules_refuse_nothing(policies: Path) -> None:
    assert refused(policies, "nothing-red", stacks=("dev-data",)) == []
    assert refused(policies) == []


def test_a_required_rule_that_fails_is_refused(policies: Path) -> None:
    (policies / "nothing_red.py").write_text("raise RuntimeError('no paint')\n")
    ((code, sentence, _),) = refused(policies, "nothing-red")
    assert code is Code.RULE_NOT_JUDGED
    assert "nothing_red.py: RuntimeError: no paint (line 1)" in sentence


def test_a_required_rule_in_rego_without_conftest_is_refused(policies: Path) -> None:
    europe = Path(__file__).parents[2] / "policies" / "data_stays_in_europe.rego"
    (policies / europe.name).write_text(europe.read_text())
    ((code, sentence, _),) = refused(policies, "data-stays-in-europe")
    assert code is Code.RULE_NOT_JUDGED
    assert "conftest is neither on PATH nor built" in sentence


def test_a_required_rule_that_does_not_exist_is_refused(policies: Path) -> None:
    ((code, sentence, _),) = refused(policies, "nothing-blue")
    assert code is Code.RULE_NOT_JUDGED
    assert "policies/ has no rule nothing-blue" in sentence


# ── in a real checkout ─────────────────────────────────────────────────────────────────────────────
def requiring(project: GatedProject, rule: str) -> GatedProject:
    """The project with the rule and the value that requires it, planned and approved."""
    (project.root / "policies").mkdir(exist_ok=True)
    (project.root / "policies" / "nothing_red.py").write_text(NOTHING_RED)
    project.edit(f"environments/{ENVIRONMENT}.yaml", "delivery:\n", f"delivery:\n  required_rules: [{rule}]\n")
    project.commit()
    project = replace(project, workspace=replace(project.workspace))
    project.push_plans()
    project.approve()
    return project


@pytest.mark.terraform
@pytest.mark.slow
def test_refuses_rule_has_finding(project: GatedProject) -> None:
    """Also of a stack that was never applied; what is green is applied, and then red is refused."""
    project = requiring(project, "nothing-red")
    assert codes(project.refusals()) == set()
    project.deploy()
    project.web("red")
    project.commit()
    project.push_plans()
    project.approve()
    refusal = only(project.refusals(), Code.RULE_HAS_FINDING)
    assert "local-web terraform_data.page: The page is red." in refusal.sentence
    assert "https://rules.example/red" in refusal.command


@pytest.mark.terraform
@pytest.mark.slow
def test_refuses_rule_not_judged(project: GatedProject) -> None:
    project = requiring(project, "nothing-blue")
    assert "policies/ has no rule nothing-blue" in only(project.refusals(), Code.RULE_NOT_JUDGED).sentence
