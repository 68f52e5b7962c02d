"""SARIF 2.1.0 for GitHub's code scanning and for editors: one run per tool, each result at its line of Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groundwork.github.annotations import Level
from groundwork.github.diagnostics import Diagnostic
from groundwork.review.model import Line

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
CHECKS = ("checkov", "tflint", "support", "waiver")
"""What `gw check` runs; each is a tool of its own on GitHub."""
MOST_RESULTS = 25_000
"""Of a run. GitHub rejects a file with more (docs, "SARIF support for code scanning")."""
_LEVELS: dict[Level, str] = {"error": "error", "warning": "warning", "notice": "note"}


def sarif(diagnostics: Sequence[Diagnostic], *, tools: Sequence[str] = ()) -> dict[str, Any]:
    """The log. Each of `tools` has a run, even without results: that closes its alerts on GitHub."""
    names = list(dict.fromkeys((*tools, *(each.tool for each in diagnostics))))
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [_run(name, [each for each in diagnostics if each.tool == name]) for name in names],
    }


def write(path: Path, diagnostics: Sequence[Diagnostic], *, tools: Sequence[str]) -> None:
    """Write the log to a file; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sarif(diagnostics, tools=tools), indent=1) + "\n", encoding="utf-8")


def name_of(tool: str) -> str:
    """The name of a tool's runs."""
    return f"groundwork {tool}"


def category(tool: str) -> str:
    """The category of a tool's runs, by which GitHub replaces an earlier upload."""
    return f"groundwork/{tool}/"


def _run(tool: str, every: Sequence[Diagnostic]) -> dict[str, Any]:
    diagnostics = sorted(every, key=lambda each: list(_LEVELS).index(each.level))[:MOST_RESULTS]
    rules = list(dict.fromkeys(each.rule for each in diagnostics))
    return {
        "tool": {"driver": {"name": name_of(tool), "rules": [_rule(rule, diagnostics) for rule in rules]}},
        "automationDetails": {"id": category(tool)},
        "columnKind": "unicodeCodePoints",
        # Paths are relative to the checkout, so that its path on the machine does not matter.
        "originalUriBaseIds": {"CHECKOUT": {"description": {"text": "the repository's root"}}},
        "results": [_result(each, rules.index(each.rule)) for each in diagnostics],
        **({"invocations": [_left_out(len(every) - MOST_RESULTS)]} if len(every) > MOST_RESULTS else {}),
    }


def _left_out(number: int) -> dict[str, Any]:
    text = (
        f"{number} further results, none of them worse than these, are left out: GitHub takes {MOST_RESULTS} of a run"
    )
    return {
        "executionSuccessful": True,
        "toolExecutionNotifications": [{"level": "warning", "message": {"text": text}}],
    }


def _rule(rule: str, diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    first = next(each for each in diagnostics if each.rule == rule)
    text = first.message if first.tool in ("checkov", "tflint") else rule.replace("-", " ")
    return {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": _LEVELS[first.level]}}


def _result(diagnostic: Diagnostic, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.level],
        "message": {"text": f"{diagnostic.stack} {diagnostic.address}".strip() + f": {diagnostic.message}"},
        # Without the line, so that an alert stays the same when code above it is added.
        "partialFingerprints": {"groundwork/v1": _fingerprint(diagnostic)},
    }
    named = f"{diagnostic.stack}/{diagnostic.address}" if diagnostic.address else diagnostic.stack
    logical = [{"fullyQualifiedName": named, "kind": "resource"}]
    first, *callers = diagnostic.lines or (None,)
    # GitHub shows no result without a file; main.py is where every stack begins.
    physical = _physical(first or Line(file="main.py", line=1))
    result["locations"] = [{"physicalLocation": physical, "logicalLocations": logical}]
    if callers:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(line), "message": {"text": "called from here"}}
            for number, line in enumerate(callers, start=1)
            if line
        ]
    return result


def _physical(line: Line) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": line.file, "uriBaseId": "CHECKOUT"},
        "region": {"startLine": max(1, line.line)},
    }


def _fingerprint(diagnostic: Diagnostic) -> str:
    file = diagnostic.lines[0].file if diagnostic.lines else ""
    parts = (diagnostic.tool, diagnostic.rule, diagnostic.address, file)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
