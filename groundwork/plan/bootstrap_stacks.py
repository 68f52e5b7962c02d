"""Stacks that a person applies: on AWS the pipeline's roles may change nothing in what `gw bootstrap` makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from groundwork.apply.rollout import PERSON_MADE
from groundwork.errors import UsageError
from stacks.values import Environment, Names


def left_out(environments: Mapping[str, Environment], stacks: Collection[str]) -> dict[str, str]:
    """Stack → who applies it and how, for those of `stacks` that an approved plan cannot change; none on the laptop."""
    return {
        stack: f"a person applies it: {_update(environment.name)}"
        for stack, environment in _all(environments).items()
        if stack in stacks
    }


def refuse(environments: Mapping[str, Environment], stacks: Sequence[str], *, destroy: Sequence[str] = ()) -> None:
    """Raise UsageError where one of these, as they were typed, is a stack that no approved plan can change or end."""
    known = _all(environments)
    for stack in [one for one in [*stacks, *destroy] if one in known and one not in environments]:
        raise UsageError(
            f"{stack} is made by a person: the pipeline may change nothing in it, so a plan of it could not be applied",
            fix=f"gw destroy {stack}, from a commit that has it" if stack in destroy else _update(known[stack].name),
        )


def way_back(stack: str) -> str:
    """How a stack is made again as its code says, in words: by a person, or by an approved plan."""
    for short in PERSON_MADE:
        if stack.endswith(f"-{short}"):
            return f"A person puts it back with `{_update(stack.removesuffix(f'-{short}'))}`"
    return f"Put it back with `gw plan make {stack}` and an approved apply"


def _all(environments: Mapping[str, Environment]) -> dict[str, Environment]:
    on_aws = [one for one in environments.values() if one.target != "laptop"]
    return {Names(environment).stack(short): environment for environment in on_aws for short in PERSON_MADE}


def _update(environment: str) -> str:
    return f"gw bootstrap {environment} --update"
