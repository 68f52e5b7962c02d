"""Text in which every character can be seen, so that no name, branch or message acts on a terminal or page."""

from __future__ import annotations

import re

# Control, zero-width and bidirectional characters, which can make a line look different from what it is.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    r"""The text with every invisible character written out, `\u202e` for example; newlines and tabs stay."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
