"""Account numbers that are placeholders."""

from __future__ import annotations

from groundwork.errors import EnvironmentFileError
from stacks.values.model import Environment


def is_placeholder(account: str) -> bool:
    """Whether an account number is one digit twelve times, as in the committed examples."""
    return len(set(account)) == 1


def refuse_placeholders(environment: Environment) -> None:
    """Raise EnvironmentFileError where account numbers of an environment on AWS are placeholders."""
    if environment.target == "laptop":
        return
    accounts = {"main": environment.accounts.main.id, "archive": environment.accounts.archive.id}
    sentences = [
        f"accounts.{which}.id: {number} is a placeholder"
        for which, number in accounts.items()
        if is_placeholder(number)
    ]
    if sentences:
        raise EnvironmentFileError(
            "\n".join(f"{environment.name}.yaml: {sentence}" for sentence in sentences),
            fix="run `gw init`, or write your account numbers into the file",
        )
