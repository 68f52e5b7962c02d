"""SARIF 2.1.0, which GitHub's code scanning and editors read: one run per tool, each result at its line of Python."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from groundwork.github.annotations import Level
from groundwork.github.diagnostics import Place, Remark

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: dict[Level, str] = {"error": "error", "warning": "warning", "notice": "note"}


def sarif(remarks: Sequence[Remark], *, tools: Sequence[str] = ()) -> dict[str, Any]:
    """The log. `tools` have a run of their own even where they found nothing: that is what closes alerts on GitHub."""
    names = list(dict.fromkeys((*tools, *(one.tool for one in remarks))))
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [_run(name, [one for one in remarks if one.tool == name]) for name in names],
    }


def _run(tool: str, remarks: Sequence[Remark]) -> dict[str, Any]:
    rules = list(dict.fromkeys(one.rule for one in remarks))
    return {
        "tool": {"driver": {"name": f"groundwork {tool}", "rules": [_rule(rule, remarks) for rule in rules]}},
        "automationDetails": {"id": f"groundwork/{tool}/"},
        "columnKind": "unicodeCodePoints",
        # Paths are relative to the checkout, whatever its path on the machine was.
        "originalUriBaseIds": {"CHECKOUT": {"description": {"text": "the repository's root"}}},
        "results": [_result(one, rules.index(one.rule)) for one in remarks],
    }


def _rule(rule: str, remarks: Sequence[Remark]) -> dict[str, Any]:
    first = next(one for one in remarks if one.rule == rule)
    text = first.message if first.tool in ("checkov", "tflint") else rule.replace("-", " ")
    return {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": _LEVELS[first.level]}}


def _result(one: Remark, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": _LEVELS[one.level],
        "message": {"text": f"{one.stack} {one.address}".strip() + f": {one.message}"},
        # Without a line: the same finding stays the same alert when code above it grows.
        "partialFingerprints": {"groundwork/v1": _fingerprint(one)},
    }
    named = f"{one.stack}/{one.address}" if one.address else one.stack
    logical = [{"fullyQualifiedName": named, "kind": "resource"}]
    first, *callers = one.places or (None,)
    # GitHub shows nothing without a file; the values are the one that every stack comes from.
    physical = _physical(first or Place("main.py", 1))
    result["locations"] = [{"physicalLocation": physical, "logicalLocations": logical}]
    if callers:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(place), "message": {"text": "called from here"}}
            for number, place in enumerate(callers, start=1)
            if place
        ]
    return result


def _physical(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": place.file, "uriBaseId": "CHECKOUT"},
        "region": {"startLine": max(1, place.line)},
    }


def _fingerprint(one: Remark) -> str:
    file = one.places[0].file if one.places else ""
    return hashlib.sha256("\0".join((one.tool, one.rule, one.address, file)).encode()).hexdigest()
