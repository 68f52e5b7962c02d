"""Text from a repository, escaped: every character visible, and inert inside GitHub's Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

# Control characters, zero-width characters and the bidirectional ones, with which a line can read otherwise than it is.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# What is markup within a line; what is so at its beginning is not, since words of ours always come before.
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
# GitHub looks for mentions, references and links in the text of the finished page, so that neither a backslash nor an
# entity stops it. A space of no width does.
_TRIGGERS = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=\bGH-)(?=\d)|(?<=\w)(?=://)|(?<=\bwww)(?=\.)", re.IGNORECASE)
_NO_WIDTH = "\u200b"
_NOT_PLAIN = re.compile(r"[^\w .,/-]|_")
_BACKTICKS = re.compile(r"`+")


def visible(text: str) -> str:
    r"""The text with every invisible character written out, `\u202e` for example; newlines and tabs stay."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def one_line(text: str, longest: int = 1_000) -> str:
    """Visible text on one line; beyond `longest` characters it ends in an ellipsis."""
    line = visible(text).replace("\n", "\\n").replace("\t", " ")
    return line if len(line) <= longest else line[: longest - 1] + "…"


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
    return _NOT_PLAIN.sub(lambda match: match[0] if match[0] == _NO_WIDTH else f"&#{ord(match[0])};", line)


def block(lines: Iterable[str], language: str) -> str:
    """A block of code that none of its lines can close."""
    shown = [visible(line) for line in lines]
    mark = fence(shown)
    return "\n".join([f"{mark}{language}", *shown, mark])


def fence(lines: Iterable[str]) -> str:
    """At least three backticks, and one more than the longest run of the lines."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    return "`" * max(3, longest + 1)
