"""IAM's patterns: whether one covers another, so that what was allowed before is not called new."""

from __future__ import annotations

import re
from functools import cache


@cache
def covers(wide: str, narrow: str) -> bool:
    """Whether everything that `narrow` matches is matched by `wide`, both with `*` and `?`.

    Never says yes wrongly. `narrow`'s own stars are matched by stars alone.
    """
    wide, narrow = re.sub(r"\*+", "*", wide), re.sub(r"\*+", "*", narrow)
    if wide in {"*", narrow}:
        return True
    # reachable[j]: the part of `wide` read so far can stand for the first j characters of `narrow`.
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
    """Whether one of several patterns covers another one."""
    return any(covers(one, narrow) for one in wide)


@cache
def overlap(one: str, other: str) -> bool:
    """Whether something may match both patterns: says yes where in doubt."""
    if "*" not in one and "?" not in one:
        return covers(other, one)
    if "*" not in other and "?" not in other:
        return covers(one, other)
    left, right = re.split(r"[*?]", one)[0], re.split(r"[*?]", other)[0]
    return left.startswith(right) or right.startswith(left)
