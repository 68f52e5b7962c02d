"""Account numbers that only stand for real ones."""

from __future__ import annotations

from groundwork.errors import EnvironmentFileError
from stacks.values.model import Environment


def is_placeholder(account: str) -> bool:
    """Whether an account number is one digit twelve times, as in the committed examples."""
    return len(set(account)) == 1


def refuse_placeholders(environment: Environment) -> None:
    """Raise EnvironmentFileError before anything is planned against AWS with account numbers nobody has filled in."""
    if environment.target == "laptop":
        return
    accounts = {"main": environment.accounts.main.id, "archive": environment.accounts.archive.id}
    found = [
        f"accounts.{which}.id: {number} is a placeholder"
        for which, number in accounts.items()
        if is_placeholder(number)
    ]
    if found:
        raise EnvironmentFileError(
            "\n".join(f"{environment.name}.yaml: {sentence}" for sentence in found),
            fix="run `gw init`, or write your account numbers into the file",
        )
