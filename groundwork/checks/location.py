"""Which resource a line of a synthesised file belongs to: the checkers report lines, waivers speak of addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence

# cdktf indents by two: a block stands at two spaces, the type of a resource at four, its name at six.
_BLOCK = re.compile(r'^ {2}"(?P<name>[^"]+)": \{')
_TYPE = re.compile(r'^ {4}"(?P<name>[^"]+)": \{$')
_NAME = re.compile(r'^ {6}"(?P<name>[^"]+)": [{\[]')


def address_at(lines: Sequence[str], number: int) -> str:
    """Terraform address of the resource that a line (from 1) of a synthesised file lies in; empty outside of one."""
    kind = name = ""
    for line in reversed(lines[:number]):
        if not name and (match := _NAME.match(line)):
            name = match["name"]
        elif not kind and (match := _TYPE.match(line)):
            kind = match["name"]
        elif match := _BLOCK.match(line):
            return f"{kind}.{name}" if match["name"] == "resource" and kind and name else ""
    return ""
