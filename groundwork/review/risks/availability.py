"""What a failure newly reaches: fewer replicas, and all zones behind one NAT gateway."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity

_REPLICAS = re.compile(r"values\[\d+\]\.(?:.*\.)?(replicas|replicaCount|minReplicas|replicas\.min|min_?[rR]eplicas)")


def find(stack: StackComparison) -> Iterator[Risk]:
    """Fewer gateways than before, and fewer pods of a release."""
    gateways = [address for address in stack.base_resources if address.startswith("aws_nat_gateway.")]
    left = [address for address in stack.head_resources if address.startswith("aws_nat_gateway.")]
    if 0 < len(left) < len(gateways):
        sentence = (
            f"{len(left)} NAT gateway{'s' * (len(left) > 1)} instead of {len(gateways)}: when its zone fails, others "
            "lose the internet, and partners may allow the addresses that are released."
        )
        yield from (_risk(change, sentence) for change in _removed(stack, "aws_nat_gateway")[:1])
    for change in stack.changes:
        if change.resource.type == "helm_release" and change.kind is not Kind.ADDED:
            yield from _fewer_pods(change)


def _removed(stack: StackComparison, type_: str) -> list[Change]:
    return [change for change in stack.changes if change.kind is Kind.REMOVED and change.resource.type == type_]


def _fewer_pods(change: Change) -> Iterator[Risk]:
    for attribute in change.attributes:
        if not _REPLICAS.fullmatch(attribute.path) or attribute.before is None or attribute.after is None:
            continue
        was, now = json.loads(attribute.before), json.loads(attribute.after)
        if isinstance(was, int) and isinstance(now, int) and now < was:
            name = attribute.path.partition(".")[2]
            yield _risk(change, f"At least {now} pods run instead of {was} ({name}).")


def _risk(change: Change, sentence: str) -> Risk:
    return change.risk(Concern.PROTECTION, Severity.MEDIUM, sentence)
