"""Text from a repository made harmless and visible before any writer escapes it for its own format."""

from __future__ import annotations

import re

# Control characters, zero-width characters and the bidirectional ones, with which a line can read otherwise than it is.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    r"""The text with every character that nobody sees written out, `\u202e` for example; newlines and tabs stay."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str, longest: int = 1_000) -> str:
    """Visible text on one line; beyond `longest` characters it ends in an ellipsis."""
    line = visible(text).replace("\n", "\\n").replace("\t", " ")
    return line if len(line) <= longest else line[: longest - 1] + "…"
