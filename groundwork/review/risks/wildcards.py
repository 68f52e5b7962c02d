"""Whether one of IAM's patterns covers another, so that a permission that already existed is not reported as new."""

from __future__ import annotations

import re
from functools import cache


@cache
def covers(wide: str, narrow: str) -> bool:
    """Whether `wide` matches everything that `narrow` matches; both may contain `*` and `?`.

    Never true by mistake: only a star matches a star of `narrow`.
    """
    wide, narrow = re.sub(r"\*+", "*", wide), re.sub(r"\*+", "*", narrow)
    if wide in {"*", narrow}:
        return True
    # reachable[j]: the part of `wide` read so far can match the first j characters of `narrow`.
    reachable = [True] + [False] * len(narrow)
    for symbol in wide:
        following = [False] * (len(narrow) + 1)
        if symbol == "*":
            seen = False
            for j, reached in enumerate(reachable):
                seen = seen or reached
                following[j] = seen
        else:
            for j, character in enumerate(narrow):
                matches = character == symbol or (symbol == "?" and character != "*")
                following[j + 1] = reachable[j] and matches
        reachable = following
    return reachable[-1]


def any_covers(wide: tuple[str, ...], narrow: str) -> bool:
    """Whether any of several patterns covers `narrow`."""
    return any(covers(pattern, narrow) for pattern in wide)


@cache
def overlap(left: str, right: str) -> bool:
    """Whether something may match both patterns; true in case of doubt."""
    if "*" not in left and "?" not in left:
        return covers(right, left)
    if "*" not in right and "?" not in right:
        return covers(left, right)
    left_start, right_start = re.split(r"[*?]", left)[0], re.split(r"[*?]", right)[0]
    return left_start.startswith(right_start) or right_start.startswith(left_start)
