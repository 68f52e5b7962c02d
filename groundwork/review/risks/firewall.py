"""A web firewall that blocks less: rules that only count, rules that are gone, another default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.values import Value, blocks, value_at

_ACLS = {"aws_wafv2_web_acl", "aws_wafv2_rule_group"}


def find(stack: StackComparison) -> Iterator[Risk]:
    """Every rule of an existing firewall that stops fewer requests."""
    for change in stack.changes:
        if change.resource.type not in _ACLS or change.before is None:
            continue
        if change.after is None:
            if stack.after is not None:
                yield _risk(change, "The web firewall is destroyed.")
        else:
            yield from _weaker(change, change.before.body, change.after.body)


def _weaker(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    was, now = _rules(before), _rules(after)
    for name, stops in was.items():
        if stops and name not in now:
            yield _risk(change, f"The firewall's rule {name} is gone.")
        elif stops and not now[name]:
            yield _risk(change, f"The firewall's rule {name} no longer blocks.")
    if "block" in _action(before, "default_action") and "allow" in _action(after, "default_action"):
        yield _risk(change, "The firewall lets through what no rule names.")


def _rules(body: Mapping[str, Value]) -> dict[str, bool]:
    """Rule → whether it stops requests: an own action that blocks, or a managed group that is not overridden."""
    return {
        str(rule.get("name")): bool({"block", "captcha", "challenge"} & _action(rule, "action"))
        or "none" in _action(rule, "override_action")
        for rule in blocks(body.get("rule"))
    }


def _action(body: Mapping[str, Value], key: str) -> set[str]:
    action = value_at(body, key)
    return {name for name, value in action.items() if value is not None} if isinstance(action, Mapping) else set()


def _risk(change: Change, sentence: str) -> Risk:
    return change.risk(Concern.NETWORK, Severity.HIGH, sentence)
