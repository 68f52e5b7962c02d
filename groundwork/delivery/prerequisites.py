"""What must be there before a stack can be planned: the states of the stacks it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from groundwork.errors import StackBlocked


def blocked(
    stacks: Sequence[str], dependencies: Mapping[str, Sequence[str]], deployed: Callable[[str], bool]
) -> dict[str, list[str]]:
    """Stack → the upstream stacks that have no state yet, for every stack that waits for one."""
    known: dict[str, bool] = {}

    def there(stack: str) -> bool:
        if stack not in known:
            known[stack] = deployed(stack)
        return known[stack]

    waiting = {stack: [up for up in dependencies.get(stack, ()) if not there(up)] for stack in stacks}
    return {stack: upstream for stack, upstream in waiting.items() if upstream}


def require(stacks: Sequence[str], dependencies: Mapping[str, Sequence[str]], deployed: Callable[[str], bool]) -> None:
    """Raise StackBlocked unless every upstream is deployed already or among `stacks`."""
    for stack in stacks:
        missing = [up for up in dependencies.get(stack, ()) if up not in stacks and not deployed(up)]
        if missing:
            raise StackBlocked(
                f"{stack} reads {', '.join(missing)}, which has not been deployed yet",
                fix=f"gw deploy {' '.join(missing)} {stack}",
            )
