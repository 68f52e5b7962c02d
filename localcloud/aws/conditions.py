"""The condition block of an IAM policy: operators, their negations, IfExists and set quantifiers.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

Context = Mapping[str, Sequence[str]]
Test = Callable[[str, str], bool]


class UnsupportedCondition(ValueError):
    """A condition operator that IAM does not have, or one that is not evaluated here."""


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
    """ARNs compared part by part: a * never reaches across one of the first five colons."""
    wanted, found = pattern.split(":", 5), value.split(":", 5)
    return len(wanted) == len(found) and all(map(like, wanted, found))


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


def _numeric(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, found: str) -> bool:
        try:
            return compare(float(found), float(wanted))
        except ValueError:
            return False

    return test


def _dated(compare: Callable[[datetime, datetime], bool]) -> Test:
    def test(wanted: str, found: str) -> bool:
        try:
            return compare(_moment(found), _moment(wanted))
        except ValueError:
            return False

    return test


# A negated operator holds when none of its values passes the positive test.
_POSITIVE: dict[str, Test] = {
    "StringEquals": lambda wanted, found: wanted == found,
    "StringEqualsIgnoreCase": lambda wanted, found: wanted.lower() == found.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "BinaryEquals": lambda wanted, found: wanted == found,
    "IpAddress": _ip,
    "NumericEquals": _numeric(lambda found, wanted: found == wanted),
    "NumericLessThan": _numeric(lambda found, wanted: found < wanted),
    "NumericLessThanEquals": _numeric(lambda found, wanted: found <= wanted),
    "NumericGreaterThan": _numeric(lambda found, wanted: found > wanted),
    "NumericGreaterThanEquals": _numeric(lambda found, wanted: found >= wanted),
    "DateEquals": _dated(lambda found, wanted: found == wanted),
    "DateLessThan": _dated(lambda found, wanted: found < wanted),
    "DateLessThanEquals": _dated(lambda found, wanted: found <= wanted),
    "DateGreaterThan": _dated(lambda found, wanted: found > wanted),
    "DateGreaterThanEquals": _dated(lambda found, wanted: found >= wanted),
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

    Raises UnsupportedCondition for an operator that is not known.
    """
    return all(
        _operator_holds(operator, as_list(wanted), context.get(key.lower()))
        for operator, keys in (block or {}).items()
        for key, wanted in keys.items()
    )


def _operator_holds(name: str, wanted: list[str], found: Sequence[str] | None) -> bool:
    quantifier, _, rest = name.rpartition(":")
    operator = rest.removesuffix("IfExists")
    if operator == "Null":
        return (not found) == (wanted[0].lower() == "true")
    negated = operator in _NEGATED
    test = _POSITIVE.get(_NEGATED.get(operator, operator))
    if test is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnsupportedCondition(f"condition operator {name!r}")
    if not found:
        return quantifier == "ForAllValues" or rest.endswith("IfExists") or (negated and not quantifier)

    def passes(value: str) -> bool:
        return any(test(each, value) for each in wanted) != negated

    if quantifier == "ForAnyValue" or not (quantifier or negated):
        return any(map(passes, found))
    return all(map(passes, found))
