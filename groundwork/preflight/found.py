"""One finding of the admission, before it is known in which stack."""

from __future__ import annotations

from typing import NamedTuple

from groundwork.refusals import Code


class Found(NamedTuple):
    """Why a stack is not admitted. `sentence` quotes names and paths, never a value that could be secret."""

    code: Code
    sentence: str
