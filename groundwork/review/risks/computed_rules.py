"""Network rules that an expression makes: Terraform alone knows what they open, but an address in it can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.values import Value, plain, strings, value_at

_RULES = frozenset({
    "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule", "aws_security_group_rule",
    "aws_security_group", "aws_default_security_group", "aws_network_acl", "aws_default_network_acl",
    "aws_network_acl_rule",
})  # fmt: skip
_ANYWHERE = ("0.0.0.0/0", "::/0")


def find(stack: StackComparison) -> Iterator[Risk]:
    """Expressions that change, in the place of rules or of what rules are made for."""
    for change in stack.changes:
        if change.after is not None and change.resource.type in _RULES:
            before: Mapping[str, Value] = change.before.body if change.before else {}
            for name, old, new in _expressions(before, change.after.body):
                if new is not None and old != new:
                    yield _risk(change, name, old, new)


def _expressions(before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[tuple[str, Value, Value]]:
    for kind in ("ingress", "egress"):
        yield f"dynamic {kind}", value_at(before, "dynamic", kind), value_at(after, "dynamic", kind)
        if isinstance(after.get(kind), str):
            yield kind, before.get(kind), after[kind]
    who = {key: value for key, value in after.items() if "cidr" in key or "group" in key or "prefix_list" in key}
    if any("${each." in text or "${count." in text for text in strings(who)):
        for meta in ("for_each", "count"):
            yield meta, before.get(meta), after.get(meta)


def _risk(change: Change, name: str, before: Value, after: Value) -> Risk:
    old, new = json.dumps(plain(before)), json.dumps(plain(after))
    opened = [anywhere for anywhere in _ANYWHERE if anywhere in new and anywhere not in old]
    sentence = f"{name} changes to an expression whose result is not known here"
    if opened:
        return change.risk(Concern.NETWORK, Severity.HIGH, f"{sentence}, and that names {', '.join(opened)}.")
    return change.risk(Concern.NETWORK, Severity.MEDIUM, f"{sentence}: see in the plan what it opens.")
