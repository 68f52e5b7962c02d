"""Rules in Rego judge through the real conftest; whatever it does not judge is a finding of its own."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from groundwork.paths import Project
from groundwork.review.model import Review, Severity
from groundwork.review.rules import Policies
from groundwork.toolchain import go_tools
from tests.review import charted
from tests.review.trees import resources, review

ROOT = Path(__file__).parents[2]
HEADER = """# METADATA
# title: No bucket
# custom:
#   severity: low
#   owner: team
#   docs: https://rules.example/buckets
package policies.no_buckets

"""
NO_BUCKETS = (
    HEADER
    + """
deny contains {"msg": msg, "address": change.address} if {
	some change in input.changes
	change.after
	msg := sprintf("No bucket: %s.", [change.after.bucket])
}
"""
)
BUCKET = resources(aws_s3_bucket={"x": {"bucket": "a"}})


@pytest.fixture(scope="module")
def conftest() -> Path:
    tool = go_tools.find("conftest", os.environ, Project(ROOT))
    if tool is None:
        pytest.skip("conftest is neither on PATH nor built; `make policies` builds it in under three minutes")
    return tool.path


def judged(folder: Path, conftest: Path, text: str, base: Any = None, head: Any = BUCKET) -> Review:
    """The review of a change under a rule of this text."""
    (folder / "policies").mkdir()
    (folder / "policies" / "no_buckets.rego").write_text(text)
    return review(base or {}, head, policies=Policies(folder / "policies", conftest))


def act(region: str) -> dict[str, Any]:
    return {**BUCKET, "provider": {"aws": [{"region": region}]}}


def test_a_finding_has_its_rule_and_the_line_of_the_resource(tmp_path: Path, conftest: Path) -> None:
    report = judged(tmp_path, conftest, NO_BUCKETS)
    (risk,) = report.risks
    assert (risk.sentence, risk.severity, risk.address) == ("No bucket: a.", Severity.LOW, "aws_s3_bucket.x")
    assert risk.rule
    assert (risk.rule.name, risk.rule.owner, risk.rule.docs) == ("no-buckets", "team", "https://rules.example/buckets")
    assert risk.origin[0].file == "stacks/dev-data.py"
    assert ([rule.name for rule in report.rules], report.not_judged) == (["no-buckets"], ())


def test_a_rule_without_a_finding_has_judged(tmp_path: Path, conftest: Path) -> None:
    report = judged(tmp_path, conftest, NO_BUCKETS, base=BUCKET)
    assert report.risks == ()
    assert [rule.name for rule in report.rules] == ["no-buckets"]


@pytest.mark.parametrize(
    ("before", "after", "findings"),
    [
        ("eu-west-2", "us-west-2", ["The stack newly acts in us-west-2: our data stays in Europe."]),
        ("eu-west-2", "${var.region}", ["The stack newly acts in ${var.region}: our data stays in Europe."]),
        ("eu-west-2", "eu-central-1", []),
        ("eu-west-2", "us-east-1", []),
        ("us-west-2", "us-west-2", []),
    ],
)
def test_data_stays_in_europe(conftest: Path, before: str, after: str, findings: list[str]) -> None:
    report = review(act(before), act(after), policies=Policies(ROOT / "policies", conftest))
    sentences = [risk.sentence for risk in report.risks if risk.rule and risk.rule.name == "data-stays-in-europe"]
    assert sentences == findings
    assert {rule.name for rule in report.rules} == {"data-stays-in-europe", "logs-are-kept"}


def test_a_rule_sees_the_objects_that_a_chart_renders(tmp_path: Path, conftest: Path) -> None:
    rule = (
        HEADER
        + """
deny contains {"msg": name, "address": address} if {
	some address, objects in input.after.objects
	some name, object in objects
	object.spec.template.spec.priorityClassName == "important"
}
"""
    )
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "no_buckets.rego").write_text(rule)
    values = [json.dumps({**charted.VALUES, "priorityClassName": "important"})]
    sides = [
        charted.folder(tmp_path / name, charted.service(), body)
        for name, body in (("base", {}), ("head", {"values": values}))
    ]
    report = charted.reviewed(*sides, policies=Policies(tmp_path / "policies", conftest))
    (risk,) = report.risks
    assert (risk.sentence, risk.address) == ("Deployment shop/hello", "helm_release.hello")


def test_a_new_stack_is_judged_too(conftest: Path) -> None:
    report = review({}, act("us-west-2"), policies=Policies(ROOT / "policies", conftest))
    assert any(risk.rule and risk.rule.name == "data-stays-in-europe" for risk in report.risks)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (NO_BUCKETS.replace("# METADATA\n", ""), "does not begin with the comment # METADATA"),
        (NO_BUCKETS.replace("#   severity: low\n", ""), "no custom with severity, owner and docs"),
        (NO_BUCKETS.replace("severity: low", "severity: dreadful"), "no custom with severity, owner and docs"),
        (NO_BUCKETS.replace("contains ", "contains ("), "conftest ended with 1: "),
        (HEADER + "deny if input.changes\n", "not written as `deny contains"),
        (HEADER + 'allow contains "x" if true\n', "not written as `deny contains"),
        (HEADER + "deny contains {} if input.changes\n", "conftest ended with 1: "),
        (HEADER + 'deny contains "x" if 1 / 0 == 1\n', "built-in error: .*divide by zero"),
        (HEADER + 'deny contains "x" if to_number(input.stack) == 1\n', "built-in error"),
    ],
)
def test_a_rule_that_fails_is_a_high_finding_with_its_file(tmp_path: Path, conftest: Path, text: str, why: str) -> None:
    report = judged(tmp_path, conftest, text)
    (risk,) = report.risks
    assert risk.severity == Severity.HIGH
    assert risk.sentence.startswith("policies/no_buckets.rego judged nothing: ")
    assert report.rules == ()
    assert re.search(why, risk.sentence, re.DOTALL), risk.sentence


@pytest.mark.parametrize(
    "prints", ["", "rubbish", "[]", '[{"filename": "0.json"}]', '[{"filename": "0.json", "successes": 0}]']
)
def test_a_conftest_that_prints_rubbish_is_a_finding(tmp_path: Path, prints: str) -> None:
    program = tmp_path / "conftest"
    program.write_text(f"#!/bin/sh\necho '{prints}'\n")
    program.chmod(0o755)
    (risk,) = judged(tmp_path, program, NO_BUCKETS).risks
    assert risk.sentence.startswith("policies/no_buckets.rego judged nothing: conftest ")


def test_the_program_gets_no_variable_of_the_reviewer(
    tmp_path: Path, conftest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "canary-of-the-reviewer")
    report = judged(tmp_path, conftest, HEADER + 'deny contains {"msg": sprintf("%v", [opa.runtime().env])} if true\n')
    (risk,) = report.risks
    assert "HOME" in risk.sentence
    assert "canary-of-the-reviewer" not in risk.sentence
