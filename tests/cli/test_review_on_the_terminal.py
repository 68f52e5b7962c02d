"""`gw review` prints the worst risk first, and a risk of several stacks once."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from groundwork.cli.review import show
from groundwork.review.model import Concern, Risk, Severity
from tests.review.render import samples


def test_the_worst_risk_is_first_and_a_shared_risk_one_line() -> None:
    review = samples.pull_request()
    line = next(risk.origin for risk in review.risks if risk.origin)

    def risk(stack: str, severity: Severity, sentence: str) -> Risk:
        return Risk(
            concern=Concern.COST,
            severity=severity,
            stack=stack,
            address="aws_s3_bucket.it",
            sentence=sentence,
            origin=line,
        )

    shared = [risk(f"{name}-data", Severity.HIGH, "is readable by everybody") for name in ("dev", "staging", "prod")]
    review = review.model_copy(update={"risks": (risk("dev-data", Severity.LOW, "costs more"), *shared)})
    out = StringIO()
    show(review, to=Console(file=out, width=400))
    printed = out.getvalue()
    (once,) = [text for text in printed.splitlines() if "readable by everybody" in text]
    assert "prod-data aws_s3_bucket.it" in once
    assert f"{line[0].file}:{line[0].line}" in once
    assert "and 2 more alike" in once
    assert printed.index("readable by everybody") < printed.index("costs more")


def test_a_review_without_a_difference_prints_only_no_change() -> None:
    out = StringIO()
    show(samples.nothing(), to=Console(file=out))
    assert out.getvalue() == "no change\n"
