"""Findings of the checkers, waivers, and the verdict on both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# cdktf indents by two: a block begins at two spaces, the type of a resource at four, its name at six.
_BLOCK = re.compile(r'^ {2}"(?P<name>[^"]+)": \{')
_TYPE = re.compile(r'^ {4}"(?P<name>[^"]+)": \{$')
_NAME = re.compile(r'^ {6}"(?P<name>[^"]+)": [{\[]')


@dataclass(frozen=True)
class Finding:
    """One finding. `address` is the resource's within its stack; empty where the finding concerns the whole stack."""

    tool: str
    check: str
    stack: str
    address: str
    what: str

    def __str__(self) -> str:
        return f"{self.stack} {self.address or '(whole stack)'}: {self.check} {self.what}"


@dataclass(frozen=True)
class Waiver:
    """A finding that was accepted beside the construct; `source` is its Python file and line."""

    stack: str
    address: str
    check: str
    reason: str
    expires: date
    source: str

    def covers(self, finding: Finding) -> bool:
        """Whether this waiver accepts a finding."""
        return (self.stack, self.address, self.check) == (finding.stack, finding.address, finding.check)

    def __str__(self) -> str:
        return f"{self.stack} {self.address}: {self.check} waived at {self.source} until {self.expires}: {self.reason}"


@dataclass(frozen=True)
class Verdict:
    """The result: clean without open findings, expired waivers and unused waivers."""

    open: Sequence[Finding]
    waived: Sequence[Finding]
    expired: Sequence[Waiver]
    unused: Sequence[Waiver]

    @property
    def clean(self) -> bool:
        """Whether the check passes."""
        return not (self.open or self.expired or self.unused)


def judge(findings: Sequence[Finding], waivers: Sequence[Waiver], today: date) -> Verdict:
    """Match findings with waivers. An expired waiver accepts nothing, so its finding is open again. A waiver without a
    finding is an error, too, because it would hide a later finding.
    """
    valid = [waiver for waiver in waivers if waiver.expires >= today]
    waived = [finding for finding in findings if any(waiver.covers(finding) for waiver in valid)]
    return Verdict(
        open=[finding for finding in findings if finding not in waived],
        waived=waived,
        expired=[waiver for waiver in waivers if waiver.expires < today],
        unused=[waiver for waiver in valid if not any(waiver.covers(finding) for finding in findings)],
    )


def address_at(lines: Sequence[str], number: int) -> str:
    """Terraform address of the resource at a line (counted from 1) of a synthesised file; empty outside a resource."""
    kind = name = ""
    for line in reversed(lines[:number]):
        if not name and (match := _NAME.match(line)):
            name = match["name"]
        elif not kind and (match := _TYPE.match(line)):
            kind = match["name"]
        elif match := _BLOCK.match(line):
            return f"{kind}.{name}" if match["name"] == "resource" and kind and name else ""
    return ""
