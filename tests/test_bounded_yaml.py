"""YAML that would take all time or memory is refused before it is parsed, with line, problem and fix."""

from __future__ import annotations

import pytest

from groundwork import bounded_yaml
from groundwork.bounded_yaml import BadYaml

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HUGE = bounded_yaml.MOST_BYTES


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (LAUGHS, 1, "has more than 20000 values once its aliases are followed"),
        ("a: 1\nb: " + "[" * 2000, 2, "is nested more than 32 levels deep"),
        ("a: " + "{" * 2000 + "}" * 2000, 1, "is nested more than 32 levels deep"),
        ("a:\n  " + "- " * 3000 + "x", 2, "is nested more than 32 levels deep"),
        ("".join(f"{' ' * depth}k:\n" for depth in range(100)), 33, "is nested more than 32 levels deep"),
        ("a: 1\nb: " + "9" * 5000, 2, "has a number with more than 64 digits"),
        ("a: " + "x" * HUGE, 1, "is larger than 32 KiB"),
        ("a: " + "€" * (HUGE // 2), 1, "is larger than 32 KiB"),
        ("a: b: c", 1, "is not YAML: mapping values are not allowed here"),
        ("a: 2026-99-99", 1, "is not YAML: month must be in 1..12"),
    ],
)
def test_a_text_beyond_the_bounds_is_refused_by_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(BadYaml) as refused:
        bounded_yaml.load(text)
    assert (refused.value.line, refused.value.problem) == (line, problem)
    assert refused.value.fix


def test_usual_documents_are_read() -> None:
    text = "a: &one [1, {b: '" + "9" * 100 + "'}]\nc: [*one, *one]\nd: |\n  [[[\n"
    item = [1, {"b": "9" * 100}]
    assert bounded_yaml.load(text) == {"a": item, "c": [item, item], "d": "[[[\n"}
