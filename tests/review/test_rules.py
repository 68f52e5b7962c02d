"""Rules of the organisation judge like the built-in ones; one that fails is a finding, never no finding."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from groundwork.cli.review import exit_code, show
from groundwork.review.model import Review, Risk, Severity
from groundwork.review.render import summary
from groundwork.review.render.html import page
from groundwork.review.render.markdown import markdown
from groundwork.review.rules import Policies
from tests.review.trees import resources, review, review_of

POLICIES = Path(__file__).parents[2] / "policies"
HEADER = """
from groundwork.review.model import Concern, Rule, Severity
RULE = Rule(severity=Severity.LOW, owner="team <b>", docs="https://rules.example/buckets(1)")
"""
NO_BUCKETS = f"""{HEADER}
def find(stack):
    for change in stack.changes:
        yield change.risk(Concern.POLICY, RULE.severity, f"No bucket: {{change.after.body['bucket']}}.")
"""
BUCKET = resources(aws_s3_bucket={"x": {"bucket": "a"}})


def judged(folder: Path, text: str, name: str = "no_buckets.py") -> Review:
    """The review of a new bucket under a rule of this text."""
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / name).write_text(text)
    return review({}, BUCKET, policies=Policies(folder / "policies"))


def policy_risks(report: Review) -> list[Risk]:
    return [risk for risk in report.risks if risk.concern == "policy"]


def logs(days: int | None) -> dict[str, Any]:
    keeps = {} if days is None else {"retention_in_days": days}
    return resources(aws_cloudwatch_log_group={"x": {"name": "a", **keeps}})


def test_a_finding_has_its_rule_and_the_line_of_the_resource(tmp_path: Path) -> None:
    (risk,) = policy_risks(judged(tmp_path, NO_BUCKETS))
    assert (risk.sentence, risk.severity, risk.address) == ("No bucket: a.", Severity.LOW, "aws_s3_bucket.x")
    assert risk.rule
    assert (risk.rule.name, risk.rule.owner) == ("no-buckets", "team <b>")
    assert risk.origin[0].file == "stacks/dev-data.py"


def test_every_form_of_the_report_names_rule_owner_and_page(tmp_path: Path) -> None:
    report = judged(tmp_path, NO_BUCKETS)
    out = StringIO()
    show(report, to=Console(file=out, width=400))
    assert "(rule no-buckets of team <b>: https://rules.example/buckets(1))" in out.getvalue()
    assert "rule [`no-buckets`](https://rules.example/buckets%281%29) of team &lt;b&gt;" in markdown(report)[0]
    assert '<a href="https://rules.example/buckets(1)" rel="noreferrer">no-buckets</a> of team &lt;b&gt;' in page(
        report
    )


def test_rules_never_see_a_secret(tmp_path: Path) -> None:
    (tmp_path / "tells.py").write_text(
        f"""{HEADER}
def find(stack):
    for change in stack.changes:
        yield change.risk(Concern.POLICY, RULE.severity, repr(change.after.body))
"""
    )
    secret = {"name": "a", "type": "SecureString", "value": "correct-horse-battery"}
    report = review({}, resources(aws_ssm_parameter={"x": secret}), policies=Policies(tmp_path))
    (risk,) = policy_risks(report)
    assert "(sensitive)" in risk.sentence
    assert "correct-horse-battery" not in report.model_dump_json()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{HEADER}\ndef find(stack):\n    yield from stack.no_such_thing\n", "AttributeError: .* \\(line 6\\)"),
        (f"{HEADER}\ndef find(stack):\n    raise SystemExit(0)\n", "SystemExit: 0 \\(line 6\\)"),
        (f"{HEADER}\ndef find(stack):\n    return None\n", "TypeError: 'NoneType' object is not iterable"),
        (f"{HEADER}\ndef find(stack):\n    yield 'no bucket'\n", "find yields str instead of a Risk, of dev-data"),
        (NO_BUCKETS.replace("RULE.severity", "Severity.HIGH"), "a risk of dev-data, high where .* dev-data, low"),
        (HEADER, "has no attribute 'find'"),
        ("def find(stack):\n    return []\n", "it has no RULE = "),
        (NO_BUCKETS.replace("https:", "javascript:"), "docs\n"),
        ("def find(stack)\n", "SyntaxError: .* \\(line 1\\)"),
    ],
)
def test_a_rule_that_fails_is_a_high_finding_with_its_file(tmp_path: Path, text: str, why: str) -> None:
    report = judged(tmp_path, text)
    (risk,) = policy_risks(report)
    assert (risk.severity, risk.stack) == (Severity.HIGH, "")
    assert risk.sentence.startswith("policies/no_buckets.py judged nothing: ")
    assert re.search(why, risk.sentence), risk.sentence
    assert (report.rules, exit_code(report)) == ((), 22)
    assert summary.verdict(report).title.startswith("policies/no_buckets.py judged nothing")
    assert "judged nothing" in markdown(report)[0]


def test_a_rule_that_fails_is_told_even_where_nothing_changed(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError\n")
    report = review(BUCKET, BUCKET, policies=Policies(tmp_path))
    assert "broken.py judged nothing" in markdown(report)[0]


def test_a_failed_rule_leaves_the_findings_of_the_others(tmp_path: Path) -> None:
    judged(tmp_path, "raise RuntimeError\n", "broken.py")
    report = judged(tmp_path, NO_BUCKETS)
    assert [risk.sentence for risk in policy_risks(report)][1:] == ["No bucket: a."]
    assert [rule.name for rule in report.rules] == ["no-buckets"]


def test_what_a_rule_prints_is_not_part_of_the_review(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged(tmp_path, f"{NO_BUCKETS}\nprint('garbage')\n")
    assert capsys.readouterr().out == ""


def test_without_conftest_a_rule_in_rego_is_not_judged(tmp_path: Path) -> None:
    report = judged(tmp_path, (POLICIES / "data_stays_in_europe.rego").read_text(), "europe.rego")
    assert [each.what for each in report.not_judged] == ["policies/europe.rego"]
    assert report.rules == ()
    assert summary.verdict(report).title == "No rule matched; 1 resource changes; not judged: policies/europe.rego"
    out = StringIO()
    show(report, to=Console(file=out, width=400))
    for text in (out.getvalue(), markdown(report)[0], page(report)):
        assert "conftest is neither on PATH nor built; make policies builds it" in text


@pytest.mark.parametrize(("days", "sentences"), [(30, 1), (365, 0), (None, 0), (0, 0)])
def test_production_keeps_its_logs_for_a_year(days: int | None, sentences: int) -> None:
    for stack, expected in (("prod-data", sentences), ("dev-data", 0)):
        report = review_of({stack: logs(400)}, {stack: logs(days)}, policies=Policies(POLICIES))
        assert len(policy_risks(report)) == expected
        assert "logs-are-kept" in [rule.name for rule in report.rules]
