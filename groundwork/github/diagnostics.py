"""What checkers and reviews found, with the lines of Python it comes from: SARIF and annotations are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.checks.findings import Finding, Verdict, Waiver
from groundwork.errors import GroundworkError
from groundwork.github.annotations import Annotation, Level
from groundwork.review.model import Review, Severity
from groundwork.synthesis import origin

_LEVELS: Mapping[Severity, Level] = {Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "notice"}


@dataclass(frozen=True)
class Place:
    """A line of Python, relative to the checkout."""

    file: str
    line: int


@dataclass(frozen=True)
class Remark:
    """One thing to look at. `places` are the line that makes the resource and then its callers; it may have none."""

    tool: str
    rule: str
    level: Level
    message: str
    stack: str
    address: str
    places: tuple[Place, ...]

    def annotation(self) -> Annotation:
        """The remark beside its line."""
        place = self.places[0] if self.places else Place("", 0)
        where = f"{self.stack} {self.address}".strip()
        return Annotation(
            self.level, f"{where}: {self.message}", f"{self.tool} {self.rule}".strip(), place.file, place.line
        )


def of_verdict(verdict: Verdict, out: Path) -> list[Remark]:
    """What stops the gate; `out` is the folder of the synthesised stacks, whose origins lead to Python.

    The same check on the same line in several stacks is one remark that names them all.
    """
    found = [_of_finding(one, out) for one in verdict.open]
    found += [_of_waiver(one, "has expired") for one in verdict.expired]
    found += [_of_waiver(one, "is not needed by any finding") for one in verdict.unused]
    return merged(found)


def of_review(review: Review) -> list[Remark]:
    """The findings of a review."""
    return merged(
        [
            Remark(
                tool="review",
                rule=str(one.concern).replace(" ", "-"),
                level=_LEVELS[one.severity],
                message=one.sentence,
                stack=one.stack,
                address=one.address,
                places=tuple(Place(line.file, line.line) for line in one.origin),
            )
            for one in review.findings
        ]
    )


def merged(remarks: Sequence[Remark]) -> list[Remark]:
    """Remarks that differ in their stack only become one."""
    groups: dict[tuple[object, ...], list[Remark]] = {}
    for one in remarks:
        groups.setdefault((one.tool, one.rule, one.level, one.message, one.address, one.places), []).append(one)
    return [
        Remark(**{**vars(same[0]), "stack": ", ".join(dict.fromkeys(one.stack for one in same))})
        for same in groups.values()
    ]


def _of_finding(finding: Finding, out: Path) -> Remark:
    return Remark(
        finding.tool, finding.check, "error", finding.what, finding.stack, finding.address, _places(finding, out)
    )


def _places(finding: Finding, out: Path) -> tuple[Place, ...]:
    if not finding.address:
        return ()
    try:
        known = origin.where(out, finding.address, stack=finding.stack)
    except GroundworkError:
        return ()  # what cdktf adds by itself has no line of ours
    return tuple(_place(line) for line in known[0].lines)


def _of_waiver(waiver: Waiver, what: str) -> Remark:
    message = f"the waiver of {waiver.check} {what}: {waiver.reason}"
    place = _place(waiver.source) if ":" in waiver.source else Place(waiver.source, 1)
    return Remark("waiver", waiver.check, "error", message, waiver.stack, waiver.address, (place,))


def _place(text: str) -> Place:
    file, _, line = text.rpartition(":")
    return Place(file, int(line)) if line.isdigit() else Place(text, 1)
