"""Finds words, names and phrases that docs/glossary.md replaces, and text that is hard to read.

The rules are tables on this page: extend them here. `python -m tests.style.report` prints every place.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

TEST_NAME_LIMIT = 70  # characters of a test function's name
SENTENCE_LIMIT = 45  # words of a sentence in a Markdown file

VARIABLES = frozenset({"one", "ones", "found", "said", "yes", "whole", "asked", "given", "kept"})
"""Names that say nothing about the value. With or without leading underscores."""
FUNCTIONS = frozenset({"way", "ours", "theirs", "doing", "again", "there", "at", "told", "left"})
"""Names of functions that lack a verb or a noun, in addition to VARIABLES."""

WORDS: Mapping[str, str] = {
    r"bound[ _-]appl(?:y|ies|ied)\w*": "apply",
    r"stand[ _-]?ins?": "terraform shim",
    r"settled(?:_diff)?": "chained diff, --resolve",
    r"remarks?": "diagnostic",
    r"genuine(?:ly)?": "real",
    r"person[ _-]made": "bootstrap stacks",
    r"involved": "contributors",
    r"un-?bootstrap\w*": "teardown",
    r"(?:gw|groundwork[./]) ?admi(?:t|ssion)": "preflight",
    r"admi(?:ts|tted|tting)": "accept, allow, preflight",
    r"private folder": "secure tempdir",
}
"""Word (a regular expression) → what the glossary says instead."""

PHRASES: Mapping[str, str] = {
    r"(?:is|are|was|were) (?:none|nobody|nothing)(?:'s)?(?=[.,;:)\"`]|$)": "say what it is instead",
    r"(?<!there )(?<!here )(?:is|are) no (?!longer|more\b|such|way|different|bigger|smaller)[a-z]+": "is not a …",
    r"(?:is|are|was) meant(?! to\b| for\b| as\b)": "is selected, is intended",
    r"once more": "again",
    r"(?:a|the|an|whose|his|their|this|that|which|each|every|one|another|of) yes": "approval",
    r"(?:said|says?|saying) (?:yes|no)\b": "approve, reject",
    r"(?:says?|said) so": "reports, states",
    r"(?:what|which|that) (?:is|was|are|were) (?:not )?there": "exists, does not exist",
    r"(?:is|are|was|were|be) not there": "does not exist",
    r"(?:is|was|are|be|been) (?:said|told)(?! to\b| apart)": "reports, prints",
    r"(?:can|cannot|could|to) be had": "is available",
    r"sat out": "waited for",
    r"of (?:ours|theirs)": "name the owner",
    r"a hand in": "contributed to",
    r"asks? (?:nobody|anybody)": "sends no request",
    r"go(?:es)? on with": "continue",
    r"(?:take|taken|takes|took) for granted": "assume",
}
"""Phrase (a regular expression) → plain English for it."""

TEXT_SUFFIXES = (".py", ".md", ".yml", ".yaml", ".toml", ".sh", "Makefile")
EXCLUDED = ("tests/style/", "tests/golden/", "node_modules/", "charts/", "docs/glossary.md")
_NAMES = re.compile(rf"\b_*(?:{'|'.join(sorted(VARIABLES | FUNCTIONS))})\b\s*(?:[=:,)\]+(|&-]|in\b|$)", re.MULTILINE)
_TEST = re.compile(rf"^\s*(?:async )?def (test_\w{{{TEST_NAME_LIMIT - 4},}})", re.MULTILINE)
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)|\||\n\s*\n|\n\s*(?:[-*]|\d+\.)\s|^#.*$", re.MULTILINE)


@dataclass(frozen=True)
class Violation:
    """One place that breaks a rule; `file` is relative to the checkout, `line` counts from 1."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"


def _pattern(rules: Mapping[str, str]) -> re.Pattern[str]:
    # `_` and letters before a word are no boundary: `_settled` and `Settled` count, `unsettled` does not.
    return re.compile(rf"(?<![a-z])(?:{'|'.join(f'({rule})' for rule in rules)})(?![a-z])")


_WORDS = _pattern(WORDS), tuple(WORDS.values()), "word"
_PHRASES = _pattern(PHRASES), tuple(PHRASES.values()), "phrase"


def check(file: str, text: str) -> Iterator[Violation]:
    """Everything that a file's text breaks. `file` decides by its suffix which rules apply."""
    prose = text.replace("None", "null").lower()  # faster than patterns that ignore case
    for pattern, advice, rule in (_WORDS, _PHRASES):
        for match in pattern.finditer(prose):
            plain = advice[(match.lastindex or 1) - 1]
            yield Violation(file, _line(text, match.start()), rule, f"{match[0]!r}; write: {plain}")
    if file.endswith(".py"):
        yield from _check_python(file, text)
    elif file.endswith(".md"):
        yield from _check_sentences(file, text)


def _check_python(file: str, text: str) -> Iterator[Violation]:
    for match in _TEST.finditer(text):
        yield Violation(file, _line(text, match.start(1)), "test name", f"{len(match[1])} characters: {match[1]}")
    # Parsing 700 files takes seconds, so it is left to files with a candidate.
    if _NAMES.search(text):
        for name, line in _bindings(ast.parse(text)):
            yield Violation(file, line, "name", f"{name!r}; name it for what it holds")


def _bindings(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store(), lineno=line) | ast.arg(arg=name, lineno=line):
                forbidden = VARIABLES
            case ast.FunctionDef(name=name, lineno=line) | ast.ClassDef(name=name, lineno=line):
                forbidden = VARIABLES | FUNCTIONS
            case _:
                continue
        if name.lstrip("_").lower() in forbidden:
            yield name, line


def _check_sentences(file: str, text: str) -> Iterator[Violation]:
    prose = _FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    start = 0
    for end in chain((match.end() for match in _SENTENCE_END.finditer(prose)), (len(prose),)):
        words = prose[start:end].split()
        if len(words) > SENTENCE_LIMIT:
            line = _line(prose, start + len(prose[start:end]) - len(prose[start:end].lstrip()))
            yield Violation(file, line, "sentence", f"{len(words)} words: {' '.join(words[:6])} …")
        start = end


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def files(root: Path) -> list[str]:
    """Text files of a checkout that git knows or would add, relative to `root`."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(
        {
            name
            for name in listed
            if name.endswith(TEXT_SUFFIXES) and not name.startswith(EXCLUDED) and (root / name).is_file()
        }
    )


def check_tree(root: Path, names: Iterable[str] | None = None) -> list[Violation]:
    """Everything in `root`, or in the files `names` of it."""
    return [
        violation
        for name in (files(root) if names is None else names)
        for violation in check(name, (root / name).read_text(encoding="utf-8"))
    ]
