"""Plain words: no folder gains names, phrases or sentences that docs/glossary.md replaces."""

from __future__ import annotations

import json

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


def test_no_folder_has_more_violations_than_before() -> None:
    counts = report.counts(words.check_tree(report.ROOT))
    allowed = json.loads(report.ALLOWED.read_text(encoding="utf-8"))
    grown = {
        folder: (allowed.get(folder, 0), count) for folder, count in counts.items() if count > allowed.get(folder, 0)
    }
    assert not grown, f"folder: (allowed, now) {grown}; `python -m tests.style.report FOLDER` names the places"
    shrunk = {folder: count for folder, count in allowed.items() if counts.get(folder, 0) < count}
    assert not shrunk, f"fewer than allowed in {', '.join(shrunk)}: `python -m tests.style.report --write`"
