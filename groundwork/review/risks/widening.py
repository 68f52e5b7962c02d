"""What policies newly allow, compared by meaning and not by text.

A statement is split into grants: one action pattern on one resource pattern for one principal under conditions. A grant
is new where no statement of base covers it, wildcards included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from groundwork.review.risks.policies import EVERYONE, Part, Statement
from groundwork.review.risks.wildcards import any_covers, covers, overlap


@dataclass(frozen=True)
class Grant:
    """One permission or denial. `actions` and `resources` hold one pattern, or all the patterns of an inversion."""

    actions: Part
    resources: Part
    principal: tuple[str, str] | None
    inverted_principal: bool
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Widening:
    """What a policy gains. `unconditioned`: grants that base allowed only under conditions, and the lost keys."""

    gained: tuple[Grant, ...]
    unconditioned: tuple[tuple[Grant, tuple[str, ...]], ...]
    no_longer_denied: tuple[Grant, ...]

    @property
    def any(self) -> bool:
        """Whether anything is newly allowed."""
        return bool(self.gained or self.unconditioned or self.no_longer_denied)


def compare(before: Sequence[Statement], after: Sequence[Statement], *, denied: Sequence[Statement]) -> Widening:
    """What `after` allows beyond `before`; `denied` are base's statements whose denials must still hold."""
    allowed = [statement for statement in before if statement.effect == "Allow"]
    gained: list[Grant] = []
    unconditioned: list[tuple[Grant, tuple[str, ...]]] = []
    for grant in _grants(after, "Allow"):
        if any(_covers(statement, grant, allow=True) for statement in allowed):
            continue
        lost = [
            _weaker(statement, grant)
            for statement in allowed
            if _covers(statement, grant, allow=True, conditions=False)
        ]
        if lost:
            unconditioned.append((grant, min(lost, key=len)))
        else:
            gained.append(grant)
    denials = [statement for statement in after if statement.effect == "Deny"]
    no_longer = [
        grant
        for grant in _grants(denied, "Deny")
        if not any(_covers(statement, grant, allow=False) for statement in denials)
    ]
    return Widening(tuple(gained), tuple(unconditioned), tuple(no_longer))


def _grants(statements: Sequence[Statement], effect: str) -> Iterator[Grant]:
    for statement in statements:
        if statement.effect != effect:
            continue
        principals: Sequence[tuple[str, str] | None] = [None] if statement.principals is None else statement.principals
        for actions in _single(statement.actions):
            for resources in _single(statement.resources):
                if statement.inverted_principals:
                    yield Grant(actions, resources, EVERYONE, True, statement.conditions)
                    continue
                for principal in principals:
                    yield Grant(actions, resources, principal, False, statement.conditions)


def _single(part: Part) -> list[Part]:
    if part.inverted or not part.patterns:
        return [part]
    compared = part.compared
    # A pattern that another pattern of the same statement covers adds nothing.
    widest = [
        part.patterns[number]
        for number, pattern in enumerate(compared)
        if not any(
            covers(other, pattern) and (not covers(pattern, other) or index < number)
            for index, other in enumerate(compared)
            if index != number
        )
    ]
    return [replace(part, patterns=(pattern,)) for pattern in widest]


def _covers(statement: Statement, grant: Grant, *, allow: bool, conditions: bool = True) -> bool:
    """Whether a statement allows (or denies) at least as much as the grant."""
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
        # Everything but A covers everything but B where B excludes at least all of A.
        return all(any_covers(inner, pattern) for pattern in outer)
    if narrow.inverted:
        return "*" in outer
    if wide.inverted:
        return not any(overlap(excluded, pattern) for excluded in outer for pattern in inner)
    return all(any_covers(outer, pattern) for pattern in inner)


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
    """The keys of conditions that base's statement requires and the grant does not."""
    return tuple(dict.fromkeys(key for _, key, _ in _unmet(statement.conditions, grant.conditions)))


def _unmet(
    wide: Sequence[tuple[str, str, tuple[str, ...]]], narrow: Sequence[tuple[str, str, tuple[str, ...]]]
) -> list[tuple[str, str, tuple[str, ...]]]:
    """The conditions of `wide` that those of `narrow` do not imply."""
    return [condition for condition in wide if not any(_implies(other, condition) for other in narrow)]


def _implies(present: tuple[str, str, tuple[str, ...]], required: tuple[str, str, tuple[str, ...]]) -> bool:
    """Whether every request that meets the condition `present` meets `required` too."""
    (own, key, present_values), (operator, required_key, values) = _exact(present), _exact(required)
    if key != required_key:
        return False
    if own.removesuffix("IfExists") not in {
        operator.removesuffix("IfExists"),
        operator.removesuffix("IfExists").replace("Like", "Equals"),
    }:
        return False
    if own.endswith("IfExists") and not operator.endswith("IfExists"):
        return False
    if "Not" in operator:
        return (
            all(any_covers(present_values, value) for value in values)
            if "Like" in operator
            else set(values) <= set(present_values)
        )
    if "Like" in operator:
        return all(any_covers(values, value) for value in present_values)
    return set(present_values) <= set(values)


def _exact(condition: tuple[str, str, tuple[str, ...]]) -> tuple[str, str, tuple[str, ...]]:
    """A condition whose patterns have no wildcard asks for equality. ArnEquals reads wildcards as ArnLike does."""
    operator, key, values = condition
    if "Arn" in operator:
        return operator.replace("Equals", "Like"), key, values
    wild = any(character in value for value in values for character in "*?")
    return (operator if wild else operator.replace("Like", "Equals")), key, values
