"""Rules over all environments: what exists once per account or once per DNS zone has exactly one environment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

from groundwork.errors import EnvironmentFileError

if TYPE_CHECKING:
    from stacks.values.model import Environment

_OWNER = "accounts.main.owns_singletons"
_ZONE = "api.domain.zone"


def check_environments(environments: Sequence[Environment]) -> None:
    """Raise EnvironmentFileError with every problem between environments."""
    rules = (_singleton_owners, _archive_roles, _zone_makers, _ambiguous_names)
    if problems := [problem for rule in rules for problem in rule(environments)]:
        raise EnvironmentFileError("\n".join(problems))


def _singleton_owners(environments: Sequence[Environment]) -> Iterator[str]:
    """Accounts whose environments do not name exactly one owner.

    Two owners would each create the account's only OIDC provider, password policy and log role, and take them from each
    other at every deploy; without an owner they would not exist.
    """
    accounts: dict[str, list[Environment]] = defaultdict(list)
    for environment in sorted(environments, key=lambda environment: environment.name):
        accounts[environment.accounts.main.id].append(environment)
    for account, members in sorted(accounts.items()):
        owners = _files(each for each in members if each.accounts.main.owns_singletons)
        if len(owners) > 1:
            yield (
                f"{', '.join(owners)}: {_OWNER}: account {account} has {len(owners)} owners, it can have one\n"
                f"    fix: keep it in {owners[0]}, write `owns_singletons: false` in {' and '.join(owners[1:])}"
            )
        elif not owners:
            files = _files(members)
            yield (
                f"{', '.join(files)}: {_OWNER}: no environment creates what exists once in account {account}\n"
                f"    fix: write `owns_singletons: true` in {'one of them' if len(files) > 1 else files[0]}"
            )


def _archive_roles(environments: Sequence[Environment]) -> Iterator[str]:
    """Environments that would each make a role of the same name in an archive account."""
    makers: dict[tuple[str, str], list[Environment]] = defaultdict(list)
    for environment in sorted(environments, key=lambda environment: environment.name):
        archive = environment.accounts.archive
        for key, name in (("role", archive.role), ("plan_role", archive.plan_role)):
            if name:
                makers[archive.id, f"{key}: {name}"].append(environment)
    for (account, role), members in sorted(makers.items()):
        files = _files(members)
        if len(files) > 1:
            key, _, name = role.partition(": ")
            yield (
                f"{', '.join(files)}: accounts.archive.{key}: each would make {name} in account {account}\n"
                f"    fix: leave it out, or write for example `{key}: {name}-{members[1].name}` in {files[1]}"
            )


def _zone_makers(environments: Sequence[Environment]) -> Iterator[str]:
    """Zones that several environments would each create.

    Route53 allows zones of the same name, and answers from the one that the parent zone delegates to: the names of the
    other would silently be missing.
    """
    makers: dict[str, list[Environment]] = defaultdict(list)
    for environment in environments:
        domain = environment.api.domain
        if domain and not domain.zone_id:
            makers[domain.zone].append(environment)
    for zone, members in makers.items():
        files = _files(members)
        if len(files) > 1:
            yield (
                f"{', '.join(files)}: {_ZONE}: each would make a zone {zone} of its own\n"
                f"    fix: keep it in {files[0]}, write its id as `zone_id:` in {' and '.join(files[1:])}"
            )


def _ambiguous_names(environments: Sequence[Environment]) -> Iterator[str]:
    """Pairs of environments in one account of which the name of one and a hyphen begin the other's.

    The pipeline's policies name resources by their beginning: `acme-dev-*` would include all of `acme-dev-eu`.
    """
    for first, second in permutations(environments, 2):
        accounts = [{each.accounts.main.id, each.accounts.archive.id} for each in (first, second)]
        prefixes = [f"{each.organisation}-{each.name}" for each in (first, second)]
        if accounts[0] & accounts[1] and prefixes[1].startswith(f"{prefixes[0]}-"):
            account = min(accounts[0] & accounts[1])
            yield (
                f"{first.name}.yaml, {second.name}.yaml: name: in account {account}, what may change {prefixes[0]}-* "
                f"may change {prefixes[1]}, too\n"
                f"    fix: rename one of the files, for example {second.name}.yaml to "
                f"{second.name.replace('-', '')}.yaml, or use another account"
            )


def _files(environments: Iterable[Environment]) -> list[str]:
    return [f"{environment.name}.yaml" for environment in environments]
