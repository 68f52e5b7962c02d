"""Which stacks a person selects by typing names of environments, names of stacks, or nothing."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from groundwork.errors import UsageError


def select(wanted: Sequence[str], stacks: Sequence[str], environments: Collection[str]) -> list[str]:
    """The stacks that `wanted` names: an environment selects all of its stacks, no name selects every stack.

    `stacks` is in deploy order, and so is the result. Raises UsageError for a name that is neither.
    """
    if not wanted:
        return list(stacks)
    chosen: set[str] = set()
    for name in wanted:
        if name in environments:
            chosen |= {stack for stack in stacks if environment_of(stack, environments) == name}
        elif name in stacks:
            chosen.add(name)
        else:
            close = difflib.get_close_matches(name, [*environments, *stacks], n=1)
            known = f"environments: {', '.join(sorted(environments))}"
            raise UsageError(
                f"{name!r} is neither an environment nor a stack ({known})",
                fix=f"did you mean {close[0]!r}?" if close else "`gw list` shows all stacks",
            )
    return [stack for stack in stacks if stack in chosen]


def environment_of(stack: str, environments: Collection[str]) -> str:
    """The environment of a stack named `<environment>-<stack>`; the longest name wins (`eu` and `eu-prod`)."""
    matching = [name for name in environments if stack.startswith(f"{name}-")]
    if not matching:
        raise UsageError(f"stack {stack!r} does not belong to any environment ({', '.join(sorted(environments))})")
    return max(matching, key=len)
