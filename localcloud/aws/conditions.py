"""The condition block of an IAM policy: operators, their negations, IfExists and set quantifiers.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Context = Mapping[str, Sequence[str]]
Test = Callable[[str, str], bool]


class UnsupportedCondition(ValueError):
    """A condition operator that IAM does not have, or that is not evaluated here."""


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(
        "".join(
            ".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern)
        ),
        re.DOTALL,
    )


def like(pattern: str, value: str) -> bool:
    """Whether `value` matches a pattern in which * is any text and ? any character."""
    return _glob(pattern).fullmatch(value) is not None


def arn_like(pattern: str, value: str) -> bool:
    """Whether an ARN matches a pattern part by part: no * reaches across one of the first five colons."""
    expected, actual = pattern.split(":", 5), value.split(":", 5)
    return len(expected) == len(actual) and all(map(like, expected, actual))


def _ip(pattern: str, value: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return False


def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d+", text):
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ordered(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Test:
    def test(expected: str, actual: str) -> bool:
        try:
            return compare(parse(actual), parse(expected))
        except ValueError:
            return False

    return test


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
# A negated operator holds when none of its values passes the positive test.
_POSITIVE: dict[str, Test] = {
    "StringEquals": lambda expected, actual: expected == actual,
    "StringEqualsIgnoreCase": lambda expected, actual: expected.lower() == actual.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda expected, actual: expected.lower() == actual.lower(),
    "BinaryEquals": lambda expected, actual: expected == actual,
    "IpAddress": _ip,
    **{f"Numeric{name}": _ordered(float, compare) for name, compare in _COMPARISONS.items()},
    **{f"Date{name}": _ordered(_moment, compare) for name, compare in _COMPARISONS.items()},
}
_NEGATED: dict[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def as_list(value: object) -> list[str]:
    """A policy value, which may stand alone, as a list of strings; JSON true and false in lower case."""
    values: Iterable[object] = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def holds(block: Mapping[str, Mapping[str, object]] | None, context: Context) -> bool:
    """Whether every operator and key of a condition block holds; `context` has keys in lower case.

    Raises UnsupportedCondition for an unknown operator.
    """
    return all(
        _operator_holds(name, as_list(expected), context.get(key.lower()))
        for name, keys in (block or {}).items()
        for key, expected in keys.items()
    )


def _operator_holds(name: str, expected: list[str], actual: Sequence[str] | None) -> bool:
    quantifier, _, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    if base == "Null":
        return (not actual) == (expected[0].lower() == "true")
    negated = base in _NEGATED
    test = _POSITIVE.get(_NEGATED.get(base, base))
    if test is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnsupportedCondition(f"condition operator {name!r}")
    if not actual:
        return quantifier == "ForAllValues" or rest.endswith("IfExists") or (negated and not quantifier)

    def passes(value: str) -> bool:
        return any(test(each, value) for each in expected) != negated

    if quantifier == "ForAnyValue" or not (quantifier or negated):
        return any(map(passes, actual))
    return all(map(passes, actual))
