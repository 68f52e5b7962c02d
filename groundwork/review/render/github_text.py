"""Text from a repository inside GitHub's Markdown: it is shown as it is, and does nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from groundwork.review.render.plain import one_line, visible

# What is markup within a line; what is so at its beginning is not, since words of ours always come before.
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
# GitHub looks for mentions, references and links in the text of the finished page, so that neither a backslash nor an
# entity stops it. A space of no width does.
_TRIGGERS = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=\bGH-)(?=\d)|(?<=\w)(?=://)|(?<=\bwww)(?=\.)", re.IGNORECASE)
_NO_WIDTH = "\u200b"
_NOT_PLAIN = re.compile(r"[^\w .,/-]|_")
_BACKTICKS = re.compile(r"`+")


def prose(text: str, longest: int = 600) -> str:
    """A sentence within a line: no markup, no HTML, no link, nobody is mentioned and no issue referred to."""
    quiet = _TRIGGERS.sub(_NO_WIDTH, one_line(text, longest))
    return _SPECIAL.sub(r"\\\1", html.escape(quiet, quote=False)).strip()


def code(text: str, longest: int = 400) -> str:
    """A name as code, where GitHub looks for nothing; not for tables. Empty text gives nothing."""
    line = one_line(text, longest)
    if not line.strip():
        return ""
    ticks = "`" * (max((len(run) for run in _BACKTICKS.findall(line)), default=0) + 1)
    pad = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def html_code(text: str, longest: int = 120) -> str:
    """A name as code for `<summary>` and tables: only letters and digits stay as they are, so nothing is markup."""
    line = one_line(text, longest)
    return f"<code>{_entities(line)}</code>" if line.strip() else ""


def html_text(text: str, longest: int = 120) -> str:
    """A few words for `<summary>` and tables; as harmless as html_code."""
    return _entities(_TRIGGERS.sub(_NO_WIDTH, one_line(text, longest)))


def _entities(line: str) -> str:
    return _NOT_PLAIN.sub(lambda found: found[0] if found[0] == _NO_WIDTH else f"&#{ord(found[0])};", line)


def block(lines: Iterable[str], language: str) -> str:
    """A block of code that none of its lines can close."""
    shown = [visible(line) for line in lines]
    mark = fence(shown)
    return "\n".join([f"{mark}{language}", *shown, mark])


def fence(lines: Iterable[str]) -> str:
    """At least three backticks, and one more than the longest run of the lines."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    return "`" * max(3, longest + 1)
