"""Of several environments in one account, exactly one makes what exists once per account."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from groundwork.errors import EnvironmentFileError

if TYPE_CHECKING:
    from stacks.values.model import Environment

KEY = "accounts.main.owns_singletons"


def check_singleton_owners(environments: Sequence[Environment]) -> None:
    """Raises EnvironmentFileError for every account whose environments do not name exactly one owner.

    Two owners would each make the account's only OIDC provider, password policy and log role, and take them from each
    other at every deploy; with none, nobody makes them.
    """
    in_order = sorted(environments, key=lambda environment: (environment.accounts.main.id, environment.name))
    refused = []
    for account, group in groupby(in_order, key=lambda environment: environment.accounts.main.id):
        members = list(group)
        owners = [environment for environment in members if environment.accounts.main.owns_singletons]
        if len(owners) == 1:
            continue
        if owners:
            keep, *others = _files(owners)
            refused.append(
                f"{', '.join([keep, *others])}: {KEY}: account {account} has {len(owners)} owners, it can have one\n"
                f"    fix: keep it in {keep}, write `owns_singletons: false` in {' and '.join(others)}"
            )
        else:
            files = _files(members)
            refused.append(
                f"{', '.join(files)}: {KEY}: nobody makes what exists once in account {account}\n"
                f"    fix: write `owns_singletons: true` in {'one of them' if len(files) > 1 else files[0]}"
            )
    if refused:
        raise EnvironmentFileError("\n".join(refused))


def _files(environments: Sequence[Environment]) -> list[str]:
    return [f"{environment.name}.yaml" for environment in environments]
