"""Lifecycle rules of buckets that newly delete objects, or delete them earlier."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.values import Value, blocks, plain, value_at

_BUCKET = re.compile(r"\$\{(aws_s3_bucket\.[\w-]+)\.(?:id|bucket)\}")
# Path of the days below a rule → what is deleted then.
_DAYS = {
    ("expiration", "days"): "objects",
    ("expiration", "date"): "objects",
    ("noncurrent_version_expiration", "noncurrent_days"): "older versions",
}


def find(stack: StackComparison) -> Iterator[Risk]:
    """Expirations that are new or shorter. The bucket of the states is named, because nothing brings a state back."""
    for change in stack.changes:
        after = change.after
        if after is None or after.type != "aws_s3_bucket_lifecycle_configuration":
            continue
        if change.before is None and not _exists(stack, after.body):
            continue  # a new bucket holds nothing yet
        before = _expirations(change.before.body if change.before else {})
        for (rule, what), time in _expirations(after.body).items():
            if (rule, what) not in before or _sooner(time, before[rule, what]):
                yield _risk(change, stack, rule, what, time)


def _expirations(body: Mapping[str, Value]) -> dict[tuple[str, str], Value]:
    """Rule and what it deletes → after how many days, or when; only of rules that are enabled."""
    return {
        (str(rule.get("id", "")), what): time
        for rule in blocks(body.get("rule"))
        if rule.get("status") == "Enabled"
        for path, what in _DAYS.items()
        if (time := value_at(rule, *path)) is not None
    }


def _sooner(now: Value, was: Value) -> bool:
    return now < was if isinstance(now, int) and isinstance(was, int) else now != was


def _exists(stack: StackComparison, body: Mapping[str, Value]) -> bool:
    match = _BUCKET.fullmatch(str(plain(body.get("bucket"))))
    return match is None or match[1] in stack.base_resources


def _risk(change: Change, stack: StackComparison, rule: str, what: str, time: Value) -> Risk:
    name = _name(stack, change)
    is_state = name == value_at(dict(stack.snapshot.settings), "terraform", "backend", "s3", "bucket")
    when = f"after {time} days" if isinstance(time, int) else f"on {plain(time)}"
    owner = f"the bucket of the states ({name})" if is_state else name
    severity = Severity.HIGH if is_state or what == "objects" else Severity.MEDIUM
    return change.risk(
        Concern.DATA_LOSS, severity, f"{what[0].upper()}{what[1:]} of {owner} are deleted {when} (rule {rule})."
    )


def _name(stack: StackComparison, change: Change) -> str:
    text = str(plain(change.resource.body.get("bucket")))
    match = _BUCKET.fullmatch(text)
    bucket = stack.head_resources.get(match[1]) if match else None
    return str(plain(bucket.body.get("bucket"))) if bucket and bucket.body.get("bucket") else text
