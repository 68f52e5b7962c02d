"""Secrets in a text of Python: only its strings and comments can hold one, so that no other code is ever hidden."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Iterator

from groundwork.review import secret_words

_QUOTES = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
# A string with expressions has several tokens since Python 3.12; between its quotes is FSTRING_MIDDLE.
_INSIDE = {number for name in ("FSTRING_MIDDLE",) if (number := getattr(tokenize, name, None)) is not None}
_LITERALS = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Tuple, ast.List, ast.Set)
_Place = tuple[int, int]
"""Line, counted from 1, and column in characters."""


def spans(text: str) -> list[tuple[int, int]]:
    """The spans of what looks like a secret, or is assigned to the name of one; lines end in a line feed alone.

    Where the text is not Python, everything that looks like a secret counts.
    """
    looks = secret_words.parts(text, name="")
    try:
        tree = ast.parse(text)
        strings = list(_strings(text))
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return list(looks)
    assigned = list(_assigned(tree, text))
    return [
        (max(start, begin), min(end, stop))
        for begin, stop, place in strings
        for start, end in (*looks, *([(begin, stop)] if any(low <= place < high for low, high in assigned) else []))
        if start < stop and end > begin and not secret_words.points_to_secret(text[max(start, begin) : min(end, stop)])
    ]


def _strings(text: str) -> Iterator[tuple[int, int, _Place]]:
    """Start and end, without quotes, and place of every string and comment."""
    lines = [0, *itertools.accumulate(len(line) + 1 for line in text.split("\n"))]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        begin, stop = (lines[line - 1] + column for line, column in (token.start, token.end))
        if token.type == tokenize.STRING and (quotes := _QUOTES.match(token.string)):
            yield begin + quotes.end(), stop - len(quotes[1]), token.start
        elif token.type == tokenize.COMMENT or token.type in _INSIDE:
            yield begin, stop, token.start


def _assigned(tree: ast.AST, text: str) -> Iterator[tuple[_Place, _Place]]:
    """Begin and end of literals that something with the name of a secret gets."""
    lines = text.split("\n")
    for node in ast.walk(tree):
        for name, value in _pairs(node):
            if secret_words.names_secret(name) and isinstance(value, _LITERALS):
                begin, stop = (value.lineno, value.col_offset), (value.end_lineno or 0, value.end_col_offset or 0)
                yield _in_characters(begin, lines), _in_characters(stop, lines)


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Names, and what is assigned to them."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((_name(target), value) for target in targets)
        case ast.AnnAssign(target=target, value=value):
            yield _name(target), value
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            yield from ((_name(key), value) for key, value in zip(keys, values, strict=True))
        case ast.arguments():
            named = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
            yield from ((argument.arg, value) for argument, value in zip(named, node.defaults, strict=True))
            yield from (
                (argument.arg, value) for argument, value in zip(node.kwonlyargs, node.kw_defaults, strict=True)
            )


def _name(node: ast.expr | None) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return name
        case ast.Subscript(slice=inner):
            return _name(inner)
    return ""


def _in_characters(place: _Place, lines: list[str]) -> _Place:
    """ast counts columns in bytes."""
    line, column = place
    return line, len(lines[line - 1].encode()[:column].decode(errors="replace"))
