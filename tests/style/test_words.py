"""Plain words: no file has names, phrases or sentences that docs/glossary.md replaces."""

from __future__ import annotations

import pytest

from tests.style import report, words


@pytest.mark.parametrize(
    ("file", "text", "rule"),
    [
        ("a.py", "for one in stacks:\n    pass\n", "name"),
        ("a.py", "def _found(paths: list[str]) -> None: ...\n", "name"),
        ("a.py", f"def test_{'x' * 80}() -> None: ...\n", "test name"),
        ("a.py", '"""The stand-in for Terraform."""\n', "word"),
        ("a.md", "A file here is none.\n", "phrase"),
        ("a.md", " ".join(["word"] * 60) + ".\n", "sentence"),
    ],
)
def test_the_check_reports_what_it_is_for(file: str, text: str, rule: str) -> None:
    assert rule in {violation.rule for violation in words.check(file, text)}


def test_plain_text_passes() -> None:
    text = '"""Plans every stack of an environment."""\n\n\ndef plan(stacks: list[str]) -> None: ...\n'
    assert list(words.check("a.py", text)) == []


def test_no_file_uses_a_word_or_phrase_that_the_glossary_replaces() -> None:
    violations = words.check_tree(report.ROOT)
    assert not violations, "\n".join(map(str, violations))
