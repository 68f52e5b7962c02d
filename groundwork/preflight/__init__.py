"""What a pull request's Terraform may not hold when a job with credentials reads it."""

from __future__ import annotations

from typing import NamedTuple

from groundwork.refusals import Code


class Violation(NamedTuple):
    """A rule that a stack breaks. `sentence` quotes names and paths, never a value that could be secret."""

    code: Code
    sentence: str
