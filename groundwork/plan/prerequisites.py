"""What a stack needs before it can be planned: the states of the stacks that it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter

from groundwork.errors import StackBlocked


def blocked(
    stacks: Sequence[str], dependencies: Mapping[str, Sequence[str]], deployed: Callable[[str], bool]
) -> dict[str, list[str]]:
    """Stack → its upstream stacks without a state, for every stack that waits for one."""
    known: dict[str, bool] = {}

    def is_deployed(stack: str) -> bool:
        if stack not in known:
            known[stack] = deployed(stack)
        return known[stack]

    waiting = {stack: [up for up in dependencies.get(stack, ()) if not is_deployed(up)] for stack in stacks}
    return {stack: upstream for stack, upstream in waiting.items() if upstream}


def complete(stacks: Sequence[str], dependencies: Mapping[str, Sequence[str]]) -> bool:
    """Whether `stacks` contains all of their upstream stacks."""
    return all(upstream in stacks for stack in stacks for upstream in dependencies.get(stack, ()))


def dependants(stacks: Sequence[str], dependencies: Mapping[str, Sequence[str]]) -> list[str]:
    """The other stacks that read one of these."""
    return [
        stack
        for stack, upstream in dependencies.items()
        if stack not in stacks and any(up in stacks for up in upstream)
    ]


def require_unread(
    stacks: Sequence[str], dependencies: Mapping[str, Sequence[str]], deployed: Callable[[str], bool]
) -> None:
    """Raise StackBlocked where a stack that stays reads one of `stacks`, which are to be destroyed."""
    staying = [stack for stack in dependants(stacks, dependencies) if deployed(stack)]
    if staying:
        raise StackBlocked(
            f"{', '.join(staying)} is deployed and reads what would be destroyed",
            fix=f"gw destroy {' '.join([*stacks, *staying])}",
        )


def batches(stacks: Sequence[str], dependencies: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Stacks in batches, one after the other: the stacks of a batch do not wait for each other.

    cdktf refuses stacks without those they read (to deploy) or that read them (to destroy), and with the option to
    ignore that it waits for nothing. Where some are missing, it therefore gets one batch at a time.
    """
    sorter = TopologicalSorter({stack: [up for up in dependencies.get(stack, ()) if up in stacks] for stack in stacks})
    sorter.prepare()
    ordered: list[list[str]] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        ordered.append([stack for stack in stacks if stack in ready])
        sorter.done(*ready)
    return ordered


def require(stacks: Sequence[str], dependencies: Mapping[str, Sequence[str]], deployed: Callable[[str], bool]) -> None:
    """Raise StackBlocked unless every upstream is deployed or among `stacks`."""
    for stack in stacks:
        missing = [up for up in dependencies.get(stack, ()) if up not in stacks and not deployed(up)]
        if missing:
            raise StackBlocked(
                f"{stack} reads {', '.join(missing)}, which has not been deployed yet",
                fix=f"gw deploy {' '.join(missing)} {stack}",
            )
