"""What a change adds to a month's bill, in each environment, with what the table of prices does not know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Bill, BillLine
from groundwork.review.prices import Kind, Prices, prices
from groundwork.review.snapshot import Resource, StackSnapshot
from groundwork.review.values import Value, as_list, blocks

_NO_ACCOUNT = "000000000000"
"""The account of a laptop's own AWS, which sends no bill."""


def of(stacks: Sequence[StackComparison]) -> Bill:
    """The difference of every changed resource. What is only renamed or set up anew costs what it did before."""
    table = prices()
    amounts: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    numbers: Counter[tuple[str, str, str]] = Counter()
    facts: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    unknown: Counter[str] = Counter()
    by_use: Counter[str] = Counter()
    for stack in stacks:
        for change in stack.changes:
            for side, sign, resource in _sides(stack, change):
                if _account(side, resource) == _NO_ACCOUNT:
                    continue
                kind = _kind(table, side, resource)
                if kind is Kind.PRICED and (price := table.price(resource)):
                    key = (side.environment, resource.type, price.what)
                    amounts[key] += sign * (price.of(resource.body) or Decimal())
                    numbers[key] += sign
                    facts[key] = (price.what, price.source, price.date)
                elif kind is Kind.UNKNOWN and _counts(change, sign):
                    unknown[resource.type] += 1
                elif kind is Kind.BY_USE and _counts(change, sign):
                    by_use[resource.type] += 1
    return Bill(
        currency=table.currency,
        region=table.region,
        lines=tuple(
            BillLine(
                environment=environment, type=type_, number=numbers[key], amount=f"{amount:.2f}",
                what=facts[key][0], source=facts[key][1], date=facts[key][2],
            )
            for key, amount in amounts.items()
            for environment, type_, _ in [key]
            if amount
        ),
        not_priced=dict(sorted(unknown.items())),
        by_use=dict(sorted(by_use.items())),
    )  # fmt: skip


def _sides(stack: StackComparison, change: Change) -> Iterator[tuple[StackSnapshot, int, Resource]]:
    """What is no longer paid for, and what is from now on."""
    if stack.before and change.before:
        yield stack.before, -1, change.before
    if stack.after and change.after:
        yield stack.after, 1, change.after


def _counts(change: Change, sign: int) -> bool:
    """A resource that stays is named once, as what it is at head, and not at all where only its address changes."""
    return bool(change.attributes) and (sign > 0 or change.after is None)


def _kind(table: Prices, stack: StackSnapshot, resource: Resource) -> Kind:
    kind = table.kind(resource)
    elsewhere = kind is Kind.PRICED and _provider(stack, resource).get("region") != table.region
    many = kind is Kind.PRICED and bool({"count", "for_each"} & resource.body.keys())
    return Kind.UNKNOWN if elsewhere or many else kind


def _account(stack: StackSnapshot, resource: Resource) -> str:
    return "".join(map(str, as_list(_provider(stack, resource).get("allowed_account_ids"))[:1]))


def _provider(stack: StackSnapshot, resource: Resource) -> Mapping[str, Value]:
    """The settings of the provider that makes a resource: the one with its alias, otherwise the one without."""
    alias = str(resource.body.get("provider", "")).partition(".")[2]
    of_aws = blocks(stack.settings.get("provider", {}).get("aws"))
    return next((provider for provider in of_aws if str(provider.get("alias", "")) == alias), {})
