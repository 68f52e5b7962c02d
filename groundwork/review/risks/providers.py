"""Changed versions and settings of providers, Terraform and the backend."""

from __future__ import annotations

import re
from collections.abc import Iterator

from groundwork.review.compare import StackComparison
from groundwork.review.model import AttributeChange, Concern, Risk, Severity

# Pattern of a setting's path → severity and sentence.
_RULES = (
    (r"terraform\.backend(\.[^.]+)?", Severity.HIGH, "The state is in another place: {change}."),
    (r"terraform\.backend\.[^.]+\.(bucket|key|path|workspace|region|address|endpoint|role|assume|profile|shared).*",
     Severity.HIGH, "The state is in another place: {change}."),
    (r"terraform\.backend\.[^.]+\.(encrypt|kms_key_id|dynamodb_table|use_lockfile|acl)", Severity.HIGH,
     "The state's lock or encryption changes: {change}."),
    (r"terraform\.backend.*", Severity.MEDIUM, "Settings of the backend change: {change}."),
    (r"terraform\.cloud.*", Severity.HIGH, "The state is in another place: {change}."),
    (r"terraform\.required_providers\.[^.]+\.source", Severity.HIGH, "A provider comes from elsewhere: {change}."),
    (r"terraform\.required_providers\.[^.]+", Severity.MEDIUM, "The providers differ: {change}."),
    (r"terraform\.required_providers\..*version", Severity.MEDIUM, "A provider's version changes: {change}."),
    (r"terraform\.required_version", Severity.MEDIUM, "Terraform's version changes: {change}."),
    (r"lock\W.*", Severity.MEDIUM, "The locked version of a provider changes: {change}."),
    (r"provider\..*allowed_account_ids.*", Severity.HIGH, "The provider may act on other accounts: {change}."),
    (r"provider\..*forbidden_account_ids.*", Severity.HIGH, "The provider may act on other accounts: {change}."),
    (r"provider\..*assume_role.*", Severity.HIGH, "The provider acts as another role: {change}."),
    (r"provider\..*(endpoints?|profile|shared_.*_files|.*_proxy|region).*", Severity.MEDIUM,
     "The provider uses other endpoints or credentials: {change}."),
    (r"provider\..*default_tags.*", Severity.LOW, "Tags of every resource change: {change}."),
    (r"provider\..*", Severity.MEDIUM, "A provider's settings change: {change}."),
    (r"module\..*source", Severity.HIGH, "A module comes from elsewhere: {change}."),
)  # fmt: skip
_MOST = 160


def find(stack: StackComparison) -> Iterator[Risk]:
    """Changed settings of a stack that both sides have."""
    if stack.state in {"added", "removed"}:
        return
    for change in stack.settings:
        for pattern, severity, sentence in _RULES:
            if re.fullmatch(pattern, change.path):
                yield stack.risk(Concern.PROVIDERS, severity, sentence.format(change=_described(change)))
                break


def _described(change: AttributeChange) -> str:
    if change.before is None:
        return f"{change.path} is now {_short(change.after)}"
    if change.after is None:
        return f"{change.path} is gone, it was {_short(change.before)}"
    return f"{change.path} becomes {_short(change.after)} instead of {_short(change.before)}"


def _short(value: str | None) -> str:
    text = (value or "").strip('"')
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
