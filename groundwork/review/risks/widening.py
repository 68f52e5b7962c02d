"""What policies allow that they did not: compared by meaning, not by letters.

A statement is taken apart into grants: one action pattern on one resource pattern to one principal under conditions. A
grant is new where no statement of base covers it, wildcards included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from groundwork.review.risks.policies import EVERYONE, Part, Statement
from groundwork.review.risks.wildcards import any_covers, covers, overlap

_NEGATIVE = ("Not",)


@dataclass(frozen=True)
class Grant:
    """The smallest thing that is allowed or denied. `actions` and `resources` hold one pattern, or an inversion."""

    actions: Part
    resources: Part
    principal: tuple[str, str] | None
    inverted_principal: bool
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Widening:
    """What a policy gained. `unconditioned` are grants that were there, under the named conditions that are lost."""

    gained: tuple[Grant, ...]
    unconditioned: tuple[tuple[Grant, tuple[str, ...]], ...]
    no_longer_denied: tuple[Grant, ...]

    @property
    def any(self) -> bool:
        """Whether anything is allowed that was not."""
        return bool(self.gained or self.unconditioned or self.no_longer_denied)


def compare(before: Sequence[Statement], after: Sequence[Statement], *, denied: Sequence[Statement]) -> Widening:
    """What `after` allows beyond `before`; `denied` are the statements of base whose denials must still stand."""
    allowed = [one for one in before if one.effect == "Allow"]
    gained: list[Grant] = []
    unconditioned: list[tuple[Grant, tuple[str, ...]]] = []
    for grant in _grants(after, "Allow"):
        if any(_covers(one, grant, allow=True) for one in allowed):
            continue
        lost = [_weaker(one, grant) for one in allowed if _covers(one, grant, allow=True, conditions=False)]
        if lost:
            unconditioned.append((grant, min(lost, key=len)))
        else:
            gained.append(grant)
    denials = [one for one in after if one.effect == "Deny"]
    no_longer = [
        grant for grant in _grants(denied, "Deny") if not any(_covers(one, grant, allow=False) for one in denials)
    ]
    return Widening(tuple(gained), tuple(unconditioned), tuple(no_longer))


def _grants(statements: Sequence[Statement], effect: str) -> Iterator[Grant]:
    for one in statements:
        if one.effect != effect:
            continue
        principals: Sequence[tuple[str, str] | None] = [None] if one.principals is None else one.principals
        for actions in _single(one.actions):
            for resources in _single(one.resources):
                if one.inverted_principals:
                    yield Grant(actions, resources, EVERYONE, True, one.conditions)
                    continue
                for principal in principals:
                    yield Grant(actions, resources, principal, False, one.conditions)


def _single(part: Part) -> list[Part]:
    if part.inverted or not part.patterns:
        return [part]
    compared = part.compared
    # A pattern that another one of the same statement covers adds nothing.
    kept = [
        part.patterns[number]
        for number, one in enumerate(compared)
        if not any(
            covers(other, one) and (not covers(one, other) or index < number)
            for index, other in enumerate(compared)
            if index != number
        )
    ]
    return [replace(part, patterns=(one,)) for one in kept]


def _covers(statement: Statement, grant: Grant, *, allow: bool, conditions: bool = True) -> bool:
    """Whether a statement allows (or denies) at least what the grant does."""
    return (
        _part_covers(statement.actions, grant.actions)
        and _part_covers(statement.resources, grant.resources)
        and _principals_cover(statement, grant)
        and (not conditions or not _unmet(statement.conditions, grant.conditions))
        and (allow or statement.inverted_principals == grant.inverted_principal)
    )


def _part_covers(wide: Part, narrow: Part) -> bool:
    outer, inner = wide.compared, narrow.compared
    if not inner or not outer:
        return not outer or "*" in outer  # trust policies name no resource
    if wide.inverted and narrow.inverted:
        # Everything but A covers everything but B where B leaves out at least all of A.
        return all(any_covers(inner, one) for one in outer)
    if narrow.inverted:
        return "*" in outer
    if wide.inverted:
        return not any(overlap(left_out, one) for left_out in outer for one in inner)
    return all(any_covers(outer, one) for one in inner)


def _principals_cover(statement: Statement, grant: Grant) -> bool:
    if statement.principals is None or grant.principal is None:
        return statement.principals is None and grant.principal is None
    if statement.inverted_principals or grant.inverted_principal:
        return EVERYONE in statement.principals and not statement.inverted_principals
    kind, name = grant.principal
    return any(
        principal == EVERYONE
        or (principal[0] == kind and (covers(principal[1], name) or _same_account(principal[1], name)))
        for principal in statement.principals
    )


def _same_account(wide: str, narrow: str) -> bool:
    """A policy that trusts an account (`…:root`) trusts every identity of it."""
    return wide.endswith(":root") and narrow.startswith(wide.removesuffix("root"))


def _weaker(statement: Statement, grant: Grant) -> tuple[str, ...]:
    """The keys of conditions that base asked for and the grant no longer does."""
    return tuple(dict.fromkeys(key for _, key, _ in _unmet(statement.conditions, grant.conditions)))


def _unmet(
    wide: Sequence[tuple[str, str, tuple[str, ...]]], narrow: Sequence[tuple[str, str, tuple[str, ...]]]
) -> list[tuple[str, str, tuple[str, ...]]]:
    """The conditions of `wide` that do not follow from those of `narrow`."""
    return [condition for condition in wide if not any(_follows(condition, other) for other in narrow)]


def _follows(wanted: tuple[str, str, tuple[str, ...]], given: tuple[str, str, tuple[str, ...]]) -> bool:
    """Whether who meets `given` meets `wanted`."""
    operator, key, values = wanted
    if key != given[1] or operator.removesuffix("IfExists") != given[0].removesuffix("IfExists"):
        exact = operator.replace("Like", "Equals")
        if key != given[1] or exact != given[0]:
            return False
    if given[0].endswith("IfExists") and not operator.endswith("IfExists"):
        return False
    if any(word in operator for word in _NEGATIVE):
        return all(any_covers(given[2], one) for one in values) if "Like" in operator else set(values) <= set(given[2])
    if "Like" in operator:
        return all(any_covers(values, one) for one in given[2])
    return set(given[2]) <= set(values)
