"""Escapes text from a repository: every character becomes visible, and nothing acts as markup in GitHub's Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from groundwork.visible_text import visible

# Characters that are markup within a line. Those that are markup only at its beginning are harmless, because every line
# begins with fixed text.
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
# GitHub looks for mentions, references and links in the text of the finished page, where backslashes and entities no
# longer show. A zero-width space prevents that.
_TRIGGERS = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=\bGH-)(?=\d)|(?<=\w)(?=://)|(?<=\bwww)(?=\.)", re.IGNORECASE)
_NO_WIDTH = "\u200b"
_NOT_PLAIN = re.compile(r"[^\w .,/-]|_")
_BACKTICKS = re.compile(r"`+")


def one_line(text: str, longest: int = 1_000) -> str:
    """Visible text on one line; beyond `longest` characters it ends in an ellipsis."""
    line = visible(text).replace("\n", "\\n").replace("\t", " ")
    return line if len(line) <= longest else line[: longest - 1] + "…"


def prose(text: str, longest: int = 600) -> str:
    """A sentence without effect in Markdown: no markup, HTML, links, mentions or references to issues."""
    quiet = _TRIGGERS.sub(_NO_WIDTH, one_line(text, longest))
    return _SPECIAL.sub(r"\\\1", html.escape(quiet, quote=False)).strip()


def code(text: str, longest: int = 400) -> str:
    """A name as code, in which GitHub replaces nothing; not for tables. Empty where the text is blank."""
    line = one_line(text, longest)
    if not line.strip():
        return ""
    ticks = "`" * (max((len(run) for run in _BACKTICKS.findall(line)), default=0) + 1)
    pad = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def html_code(text: str, longest: int = 120) -> str:
    """A name as code for `<summary>` and tables: everything but plain characters becomes an entity."""
    line = one_line(text, longest)
    return f"<code>{_entities(line)}</code>" if line.strip() else ""


def html_text(text: str, longest: int = 120) -> str:
    """A few words for `<summary>` and tables, escaped like html_code."""
    return _entities(_TRIGGERS.sub(_NO_WIDTH, one_line(text, longest)))


def _entities(line: str) -> str:
    return _NOT_PLAIN.sub(lambda match: match[0] if match[0] == _NO_WIDTH else f"&#{ord(match[0])};", line)


def block(lines: Iterable[str], language: str) -> str:
    """A block of code whose lines cannot close it."""
    shown = [visible(line) for line in lines]
    mark = fence(shown)
    return "\n".join([f"{mark}{language}", *shown, mark])


def fence(lines: Iterable[str]) -> str:
    """The fence of a block of code: three backticks, or one more than the longest run of backticks in the lines."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    return "`" * max(3, longest + 1)
