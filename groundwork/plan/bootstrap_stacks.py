"""Bootstrap stacks: a person applies them with `gw bootstrap`, because on AWS the pipeline may not change them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from groundwork.errors import UsageError
from groundwork.platform import Environment


def left_out(environments: Mapping[str, Environment], stacks: Collection[str]) -> dict[str, str]:
    """Stack → who applies it and how, for those of `stacks` that the pipeline may not change; empty on the laptop."""
    return {
        stack: f"a person applies it: {_update(environment)}"
        for stack, environment in _on_aws(environments).items()
        if stack in stacks
    }


def refuse(environments: Mapping[str, Environment], stacks: Sequence[str], *, destroy: Sequence[str] = ()) -> None:
    """Raise UsageError where one of these names, as they were typed, is a stack that the pipeline may not change."""
    known = _on_aws(environments)
    for stack in [name for name in [*stacks, *destroy] if name in known and name not in environments]:
        raise UsageError(
            f"{stack} is a bootstrap stack: the pipeline may not change it, so a plan of it could not be applied",
            fix=f"gw destroy {stack}, from a commit that has it" if stack in destroy else _update(known[stack]),
        )


def restore_advice(environments: Mapping[str, Environment], stack: str) -> str:
    """A sentence that says how to make a stack match its code again: by a person, or with an approved plan."""
    for environment in environments.values():
        if stack in environment.bootstrap_stacks:
            return f"Somebody has to restore it with `{_update(environment)}`"
    return f"Restore it with `gw plan make {stack}` and an approved apply"


def _on_aws(environments: Mapping[str, Environment]) -> dict[str, Environment]:
    """Bootstrap stack → its environment."""
    return {
        stack: environment
        for environment in environments.values()
        if environment.target != "laptop"
        for stack in environment.bootstrap_stacks
    }


def _update(environment: Environment) -> str:
    return f"gw bootstrap {environment.name} --update"
