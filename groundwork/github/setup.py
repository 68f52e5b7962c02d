"""Sets a repository up: makes the calls that correct the differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from groundwork.errors import GitHubError
from groundwork.github.api import GitHub
from groundwork.github.difference import ApiCall, Difference
from groundwork.github.limits import explained


def setup(
    api: GitHub, differences: Sequence[Difference], on_call: Callable[[ApiCall], None] = lambda _: None
) -> list[ApiCall]:
    """Make every call; where GitHub refuses one, the others are still made.

    Returns the calls that were made. Raises GitHubError with everything that could not be set and why.
    """
    done: list[ApiCall] = []
    refused: list[str] = []
    for difference in differences:
        if not difference.calls:
            refused.append(str(difference))
        for call in difference.calls:
            on_call(call)
            try:
                api.send(call.method, call.path, call.body, needs="administration: write")
            except GitHubError as error:
                refused.append(str(explained(error)))
                break  # the following calls depend on it
            done.append(call)
    if refused:
        raise GitHubError(
            f"{len(done)} calls were made, {len(refused)} settings could not be corrected:\n" + "\n".join(refused),
            fix="gw github check",
        )
    return done
