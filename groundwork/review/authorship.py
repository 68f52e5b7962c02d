"""Which line of a change explains what the review reports: it comes first in every origin.

A resource's origin is the Python that creates it, of which the change may have touched none: a value in
`environments/`, a constant or a helper decides as well. Lines of the patch are rated by what they have in common with
the report: a frame of the origin, the file, and the words that differ.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from pathlib import Path

from groundwork.review import edits, revisions
from groundwork.review.construct_ids import Source
from groundwork.review.edits import Edit
from groundwork.review.model import Kind, Line, ResourceChange, Review, Risk, StackReview
from groundwork.review.revisions import Revision

# What a line is worth. A frame that the change wrote creates the resource, so it decides about new and gone ones.
_FRAME, _STATEMENT, _OF_CREATION = 8.0, 6.0, 100.0
_VALUE, _NAME, _SENTENCE, _FILE = 6.0, 1.0, 2.0, 2.0
_COMMON = 200
"""A word of more lines says too little about each of them."""
_MOST_WORDS = 400
_WORD = re.compile(r"\w+(?:[.:/-]\w+)*")
_PART = re.compile(r"[^\W_]+")
_VALUES_OF = re.compile(r"environments/(?P<environment>[^/]+)\.ya?ml")
_NOTHING = re.compile(r"\s*(#.*)?")
"""A blank line or a comment, in Python and in YAML."""
_UNRELATED = re.compile(r"(tests|docs|\.github|groundwork|localcloud|tools)/.*|.*\.md|Makefile")
_CREATIONS = frozenset({Kind.ADDED, Kind.REMOVED, Kind.RENAMED, Kind.FORGOTTEN})


def with_authors(review: Review, base: Revision, head: Revision, *, root: Path) -> Review:
    """The review with the author's line first in each origin; as it is where this clone lacks head's files."""
    if not (base.tree and head.tree):
        return review
    changed = edits.of_patch(revisions.patch(base, head, root))
    return Authors(
        changed,
        before=lambda path: revisions.text(base, root, path),
        after=lambda path: revisions.text(head, root, path),
    ).named(review)


class Authors:
    """Knows the edits of a change; `before` and `after` return the text of base's and of head's files."""

    def __init__(self, changed: Iterable[Edit], *, before: Source, after: Source) -> None:
        self._edits = [
            edit for edit in changed if not (_UNRELATED.fullmatch(edit.line.file) or _NOTHING.fullmatch(edit.text))
        ]
        self._sides = (_Side(self._edits, before, of_base=True), _Side(self._edits, after, of_base=False))
        self._by_file: dict[str, list[Edit]] = defaultdict(list)
        self._by_word: dict[tuple[bool, str], list[Edit]] = defaultdict(list)
        for edit in self._edits:
            self._by_file[edit.line.file].append(edit)
            for word in set(_words(edit.text)):
                self._by_word[edit.is_deleted, word].append(edit)
        self._values_of: dict[str, list[str]] = defaultdict(list)
        for file in self._by_file:
            self._values_of[_environment_of(file)].append(file)
        self._values_of.pop("", None)

    def named(self, review: Review) -> Review:
        """The review with the author's line first in each origin."""
        if not self._edits:
            return review
        stacks = tuple(
            stack.model_copy(update={"resources": tuple(self._resource(stack, item) for item in stack.resources)})
            for stack in review.stacks
        )
        known = {stack.stack: stack for stack in review.stacks}
        resources = {(stack.stack, item.address): item for stack in review.stacks for item in stack.resources}
        risks = (self._risk(risk, known.get(risk.stack), resources) for risk in review.risks)
        return review.model_copy(update={"stacks": stacks, "risks": tuple(risks)})

    def _resource(self, stack: StackReview, change: ResourceChange) -> ResourceChange:
        creation = change.kind in _CREATIONS
        origin = self._first(change.origin, stack.environment, _weights(change), creation=creation)
        return change.model_copy(update={"origin": origin})

    def _risk(self, risk: Risk, stack: StackReview | None, resources: Mapping[tuple[str, str], ResourceChange]) -> Risk:
        change = resources.get((risk.stack, risk.address))
        weights = defaultdict(float, _weights(change) if change else {})
        for word in set(_words(risk.sentence)):
            weights[False, word] += _SENTENCE
            weights[True, word] += _SENTENCE / 2
        creation = change.kind in _CREATIONS if change else bool(stack and stack.state in {"added", "removed"})
        environment = stack.environment if stack else ""
        return risk.model_copy(update={"origin": self._first(risk.origin, environment, weights, creation=creation)})

    def _first(
        self, origin: tuple[Line, ...], environment: str, weights: Mapping[tuple[bool, str], float], *, creation: bool
    ) -> tuple[Line, ...]:
        """The origin with the best line before it; `weights`: whether a deleted line has the word, and the word."""
        scores: dict[Line, float] = defaultdict(float)
        for key, weight in weights.items():
            edits_of_word = self._by_word.get(key, ())
            if len(edits_of_word) <= _COMMON:
                for edit in edits_of_word:
                    scores[edit.replaced or edit.line] += weight / len(edits_of_word)
        for number, frame in enumerate(origin):
            for line, score in self._sides[frame.now is None].lines(frame):
                scores[line] += score * (_OF_CREATION if creation else 1.0) - number / 10
        files = dict.fromkeys([*self._values_of.get(environment, ()), *(frame.file for frame in origin)])
        if not scores and len(self._by_file) == 1:
            files |= dict.fromkeys(self._by_file)  # nothing else can have caused it
        for edit in islice(chain.from_iterable(self._by_file.get(file, ()) for file in files), _COMMON):
            scores[edit.line] += 0.0 if edit.replaced else _FILE
        for line in [line for line in scores if _environment_of(line.file) not in {"", environment}]:
            del scores[line]
        if not scores:
            return origin
        best = max(scores, key=lambda line: (scores[line], line.now is None, -line.line))
        return (best, *(line for line in origin if line != best))


class _Side:
    """The edits of one side, by which frames of its Python are recognised."""

    def __init__(self, changed: Sequence[Edit], source: Source, *, of_base: bool) -> None:
        self._source = source
        self._lines: dict[str, set[Line]] = defaultdict(set)
        self._cuts: dict[str, set[int]] = defaultdict(set)
        for edit in changed:
            if edit.is_deleted == of_base:
                self._lines[edit.line.file].add(edit.line)
            elif edit.line.now and not edit.replaced:
                self._cuts[edit.line.file].add(edit.line.now)
        self._tree = cache(self._parsed)
        self._span = cache(self._statement)

    def lines(self, frame: Line) -> Iterator[tuple[Line, float]]:
        """The edited lines of a frame's statement with their worth; the frame itself where lines in it are gone."""
        edited, cuts = self._lines.get(frame.file, set()), self._cuts.get(frame.file, set())
        if not (edited or cuts):
            return
        start, end = self._span(frame.file, frame.line)
        inside = {line for line in edited if start <= line.line <= end or line.line == frame.line}
        for line in inside:
            yield line, _FRAME if line.line == frame.line else _STATEMENT
        if not inside and any(start <= cut < end for cut in cuts):
            yield frame, _STATEMENT

    def _statement(self, file: str, line: int) -> tuple[int, int]:
        """First and last line of the call that begins at a line, otherwise of the simple statement around it."""
        tree = self._tree(file)
        if tree is None:
            return line, line
        spans = [
            (not isinstance(node, ast.Call), node.end_lineno - node.lineno, node.lineno, node.end_lineno)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call | ast.stmt)
            and node.end_lineno
            and node.lineno <= line <= node.end_lineno
            and (node.lineno == line if isinstance(node, ast.Call) else not hasattr(node, "body"))
        ]
        return min(spans)[2:] if spans else (line, line)

    def _parsed(self, file: str) -> ast.Module | None:
        text = self._source(file) if file.endswith(".py") else None
        try:
            return ast.parse(text) if text else None
        except (SyntaxError, ValueError):
            return None


def _weights(change: ResourceChange) -> dict[tuple[bool, str], float]:
    """(Whether in a deleted line, word) → worth, of the names and values that differ, and of the resource's own name.

    That name decides where the values are hidden.
    """
    weights = {
        (deleted, word): _NAME / 2 for word in _words(change.address.rpartition(".")[2]) for deleted in (False, True)
    }
    for attribute in change.attributes[:_MOST_WORDS]:
        before, after = (set(_words(side or "")) for side in (attribute.before, attribute.after))
        for word in _words(attribute.path):
            weights.setdefault((False, word), _NAME)
            weights.setdefault((True, word), _NAME / 2)
        weights |= dict.fromkeys(((False, word) for word in after - before), _VALUE)
        weights |= dict.fromkeys(((True, word) for word in before - after), _VALUE / 2)
        if len(weights) > _MOST_WORDS:
            break
    return weights


def _words(text: str) -> Iterator[str]:
    """The words of a text, and the parts of those that have several: `keep_days`, `keep`, `days`."""
    for match in _WORD.finditer(text):
        word = match[0].lower()
        yield word
        parts = _PART.findall(word)
        if len(parts) > 1:
            yield from parts


def _environment_of(file: str) -> str:
    """The environment whose values a file has; empty for other files."""
    match = _VALUES_OF.fullmatch(file)
    return match["environment"] if match else ""
