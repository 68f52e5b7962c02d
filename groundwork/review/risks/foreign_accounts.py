"""Accounts that a change names and that no stack of any environment acts on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.replacement import without_indices
from groundwork.review.values import Value, blocks, leaves, plain, value_at

# In an ARN, as a principal alone, in the host of an image repository, in the address of a queue.
_ACCOUNT = re.compile(
    r"arn:[\w-]+:[\w-]*:[\w-]*:(\d{12}):|^(\d{12})$|(?<!\d)(\d{12})\.dkr\.ecr\.|//sqs\.[\w-]+\.[\w.]+/(\d{12})/"
)


def find(stacks: Sequence[StackComparison]) -> Iterator[Risk]:
    """One risk per resource and account. Nothing is ours, and nothing foreign, where no provider limits accounts."""
    ours = {account for stack in stacks for account in _allowed(stack)}
    if not ours:
        return
    known = {
        account
        for stack in stacks
        if stack.before
        for resource in stack.before.resources.values()
        for _, account in _named(dict(resource.body))
    }
    for change in (change for stack in stacks for change in stack.changes):
        if change.after is not None:
            yield from _of_change(change, ours, known)


def _of_change(change: Change, ours: set[str], known: set[str]) -> Iterator[Risk]:
    assert change.after is not None  # noqa: S101 - the caller checks it
    before = {account for _, account in _named(dict(change.before.body))} if change.before else set()
    places: dict[str, list[str]] = {}
    for path, account in _named(dict(change.after.body)):
        if account not in ours | before:
            places.setdefault(account, []).append(path)
    for account, paths in places.items():
        severity = Severity.MEDIUM if account in known else Severity.HIGH
        where = ", ".join(dict.fromkeys(paths))
        yield change.risk(Concern.ACCESS, severity, f"Account {account} belongs to no environment: {where}.")


def _allowed(stack: StackComparison) -> Iterable[str]:
    """The accounts of the stack's providers on either side: an account that a change adds to them is a risk itself."""
    side = stack.before or stack.snapshot
    for provider in blocks(value_at(dict(side.settings), "provider", "aws")):
        yield from map(str, provider.get("allowed_account_ids") or ())


def _named(value: Value) -> Iterator[tuple[str, str]]:
    for path, leaf in leaves(value):
        for match in _ACCOUNT.finditer(str(plain(leaf))):
            yield without_indices(path), next(group for group in match.groups() if group)
