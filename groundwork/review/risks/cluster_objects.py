"""What objects of Helm releases newly allow in a cluster: rights of its API, and traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.risks.pods import objects_of
from groundwork.review.values import as_list, blocks, plain, value_at

_HIGH, _MEDIUM = Severity.HIGH, Severity.MEDIUM
# Verbs with which somebody gives himself further rights: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
_BEYOND_OWN_RIGHTS = {"escalate", "bind", "impersonate"}
_READS = {"get", "list", "watch"}
_REACHED_FROM_OUTSIDE = {"LoadBalancer", "NodePort"}

_Fact = tuple[Concern, Severity, str]


def find(stack: StackComparison) -> Iterator[Risk]:
    """Rights and ways in that a release's objects did not give before, and policies for traffic that are gone."""
    for change in stack.changes:
        if change.resource.type != "helm_release":
            continue
        old, new = objects_of(stack.before, change.before), objects_of(stack.after, change.after)
        for name, item in new.items():
            known = set(_facts(plain(old.get(name))))
            for concern, severity, what in dict.fromkeys(_facts(plain(item))):
                if (concern, severity, what) not in known:
                    yield change.risk(concern, severity, f"{name} {what}.")
        for name in old.keys() - new.keys() if change.after else ():
            if name.startswith("NetworkPolicy "):
                sentence = f"{name} is gone: the traffic that it kept out reaches the pods."
                yield change.risk(Concern.NETWORK, _MEDIUM, sentence)


def _facts(item: Any) -> Iterator[_Fact]:
    kind = value_at(item, "kind")
    if kind in ("ClusterRole", "Role"):
        where = "every namespace" if kind == "ClusterRole" else "its namespace"
        for rule in blocks(item.get("rules")):
            for severity, what in _of_rule(rule):
                yield Concern.ACCESS, severity, f"{what} in {where}"
    elif kind == "ClusterRoleBinding" and value_at(item, "roleRef", "name") == "cluster-admin":
        yield Concern.ACCESS, _HIGH, "makes administrators of the whole cluster"
    elif kind == "Service" and value_at(item, "spec", "type") in _REACHED_FROM_OUTSIDE:
        yield Concern.NETWORK, _MEDIUM, f"is reached from outside the cluster ({item['spec']['type']})"


def _of_rule(rule: Mapping[str, Any]) -> Iterator[tuple[Severity, str]]:
    verbs, resources = ({str(name) for name in as_list(rule.get(key))} for key in ("verbs", "resources"))
    if "*" in verbs or "*" in resources:
        yield _HIGH, f"may {', '.join(sorted(verbs))} {', '.join(sorted(resources))}"
        return
    if beyond := verbs & _BEYOND_OWN_RIGHTS:
        yield _HIGH, f"may take further rights ({', '.join(sorted(beyond))})"
    if "secrets" in resources and verbs & _READS:
        yield _HIGH, "may read Secrets"
    if resources & {"pods/exec", "pods/attach"} and "create" in verbs:
        yield _MEDIUM, "may run commands in pods"
