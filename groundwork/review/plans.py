"""Reads the results of planning, which a review shows beside the difference of the Terraform."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from groundwork.errors import UsageError
from groundwork.review.model import PlanResult
from groundwork.review.redaction import Redactor

_LISTS = ("stacks", "bundles", "plans", "waiting")
_FIX = "gw diff --json > plans.json"


def read(path: Path, redactor: Redactor) -> dict[str, PlanResult]:
    """Stack → its plan. `path` is the output of `gw diff --json` or the index of `gw plan make`.

    Missing values stay empty, unknown keys are ignored, texts pass the redactor. Raises UsageError where it names no
    stack.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as missing:
        raise UsageError(f"{path} cannot be read: {missing.strerror}", fix=_FIX) from missing
    except ValueError as broken:
        raise UsageError(f"{path} is not JSON: {broken}", fix=_FIX) from broken
    results = {name: _result(entry, redactor) for name, entry in _entries(content)}
    if not results and not _is_empty(content):
        raise UsageError(f"{path} names no stack", fix=_FIX)
    return results


def read_all(path: Path, redactor: Redactor) -> dict[str, PlanResult]:
    """The results of `read` for every *.json of a folder (one per environment); empty where there is no file."""
    files = sorted(path.glob("*.json")) if path.is_dir() or not path.suffix else [path]
    return {name: result for file in files for name, result in read(file, redactor).items()}


def _is_empty(content: Any) -> bool:
    """Whether it is an empty list of plans."""
    return content == [] or (isinstance(content, Mapping) and any(content.get(key) == [] for key in _LISTS))


def _entries(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(content, Mapping):
        for key in _LISTS:
            part = content.get(key, ())
            if isinstance(part, Mapping):
                part = [{"stack": name, **entry} for name, entry in part.items() if isinstance(entry, Mapping)]
            for name, entry in _entries(part if isinstance(part, list) else []):
                yield name, {"status": "waiting", **entry} if key == "waiting" else entry
        return
    for entry in content if isinstance(content, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("stack"), str):
            yield entry["stack"], entry


def _result(entry: Mapping[str, Any], redactor: Redactor) -> PlanResult:
    counts = entry.get("counts")
    numbers: Mapping[str, Any] = counts if isinstance(counts, Mapping) else entry
    why = entry.get("why") or ""
    if not why and entry.get("upstream"):
        unknown = ", ".join(map(str, entry.get("outputs") or ()))
        then = f" ({unknown} unknown until then)" if unknown else ""
        why = f"waits for {', '.join(map(str, entry['upstream']))}{then}"
    elif not why and entry.get("provisional"):
        why = "planned against the planned outputs of what it reads, and again after their apply"
    return PlanResult(
        status=str(entry.get("status") or entry.get("outcome") or "not planned"),
        add=_number(numbers.get("add")),
        change=_number(numbers.get("change")),
        destroy=_number(numbers.get("destroy")),
        why=redactor.text(str(why)),
        text=redactor.text(str(entry.get("text") or "")),
        wave=_number(entry.get("wave")),
        changes=dict(_changes(entry.get("attributes"))),
    )


def _changes(attributes: Any) -> Iterator[tuple[str, str]]:
    """Address and word of every resource in the `attributes` of a plan; nothing where they are missing."""
    resources = attributes.get("resources") if isinstance(attributes, Mapping) else ()
    for planned in resources if isinstance(resources, list) else ():
        resource = planned.get("resource") if isinstance(planned, Mapping) else None
        if isinstance(resource, Mapping) and isinstance(resource.get("address"), str):
            yield resource["address"], str(planned.get("word") or "")


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
