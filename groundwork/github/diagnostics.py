"""Results of checks and reviews with their lines of Python, from which SARIF and annotations are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from groundwork.checks.findings import Finding, Verdict, Waiver
from groundwork.errors import GroundworkError
from groundwork.github.annotations import Annotation, Level
from groundwork.review.model import Line, Review, Severity
from groundwork.synthesis import origin

_LEVELS: Mapping[Severity, Level] = {Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "notice"}


@dataclass(frozen=True)
class Diagnostic:
    """One problem. `lines` are the line that creates the resource and then its callers; may be empty."""

    tool: str
    rule: str
    level: Level
    message: str
    stack: str
    address: str
    lines: tuple[Line, ...]

    def annotation(self) -> Annotation:
        """The diagnostic as an annotation at its line."""
        line = self.lines[0] if self.lines else Line(file="", line=0)
        where = f"{self.stack} {self.address}".strip()
        title = f"{self.tool} {self.rule}".strip()
        return Annotation(self.level, f"{where}: {self.message}", title, line.file, line.line)


def of_verdict(verdict: Verdict, out: Path) -> list[Diagnostic]:
    """What makes the check fail; `out` is the folder of the synthesised stacks, whose origins lead to Python.

    The same check on the same line in several stacks is one diagnostic that names all of them.
    """
    diagnostics = [_of_finding(finding, out) for finding in verdict.open]
    diagnostics += [_of_waiver(waiver, "has expired") for waiver in verdict.expired]
    diagnostics += [_of_waiver(waiver, "is not needed by any finding") for waiver in verdict.unused]
    return merge(diagnostics)


def of_review(review: Review) -> list[Diagnostic]:
    """The risks of a review."""
    return merge(
        [
            Diagnostic(
                tool="review",
                rule=risk.rule.name if risk.rule else str(risk.concern).replace(" ", "-"),
                level=_LEVELS[risk.severity],
                message=risk.sentence,
                stack=risk.stack,
                address=risk.address,
                lines=_in_head(risk.origin),
            )
            for risk in review.risks
        ]
    )


def _in_head(origin: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines as GitHub can show them: a line of base at the place where it was."""
    return tuple(
        dict.fromkeys(
            line if line.now is None else Line(file=line.file, line=line.now) for line in origin if line.now != 0
        )
    )


def merge(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Make one diagnostic of those that differ only in their stack."""
    groups: dict[tuple[object, ...], list[Diagnostic]] = {}
    for each in diagnostics:
        groups.setdefault((each.tool, each.rule, each.level, each.message, each.address, each.lines), []).append(each)
    return [replace(same[0], stack=", ".join(dict.fromkeys(each.stack for each in same))) for same in groups.values()]


def _of_finding(finding: Finding, out: Path) -> Diagnostic:
    lines = _lines(finding, out)
    return Diagnostic(finding.tool, finding.check, "error", finding.what, finding.stack, finding.address, lines)


def _lines(finding: Finding, out: Path) -> tuple[Line, ...]:
    if not finding.address:
        return ()
    try:
        known = origin.where(out, finding.address, stack=finding.stack)
    except GroundworkError:
        return ()  # what cdktf adds by itself has no line in the checkout
    return tuple(_line(text) for text in known[0].lines)


def _of_waiver(waiver: Waiver, what: str) -> Diagnostic:
    message = f"the waiver of {waiver.check} {what}: {waiver.reason}"
    line = _line(waiver.source)
    return Diagnostic("waiver", waiver.check, "error", message, waiver.stack, waiver.address, (line,))


def _line(text: str) -> Line:
    file, _, number = text.rpartition(":")
    return Line(file=file, line=int(number)) if number.isdigit() else Line(file=text, line=1)
