"""What the pipeline's roles may do, by the policies in a synthesised delivery stack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from localcloud.aws.policy import Call, Decision, Principal, evaluate
from stacks.delivery import DeliveryStack
from tests.support.synth import resources, synth

REPOSITORY = "acme/platform"
ACCOUNT = "111122223333"
ROLES = {kind: f"arn:aws:iam::{ACCOUNT}:role/acme-dev-delivery-{kind}" for kind in
         ("plan", "plan-pull-request", "apply", "release-images", "release-charts")}  # fmt: skip


@lru_cache(maxsize=8)
def _document(changes: str) -> Any:
    return synth(DeliveryStack, **{"singletons": {"github_repository": REPOSITORY}, **json.loads(changes)})


def delivery(**changes: Any) -> Any:
    """The delivery stack of the base environment with `changes`."""
    return _document(json.dumps(changes))


def policies_of(document: Any, kind: str) -> list[dict[str, Any]]:
    """The parsed policies of a role, inline and attached, without its boundary."""
    (name,) = [
        key for key, role in document["resource"]["aws_iam_role"].items() if role["name"] == f"acme-dev-delivery-{kind}"
    ]
    texts = [
        policy["policy"]
        for policy in resources(document, "aws_iam_role_policy")
        if policy["role"] == f"${{aws_iam_role.{name}.id}}"
    ]
    for attachment in resources(document, "aws_iam_role_policy_attachment"):
        if attachment["role"] == f"${{aws_iam_role.{name}.name}}":
            address = re.fullmatch(r"\$\{aws_iam_policy\.(\w+)\.arn\}", attachment["policy_arn"])
            assert address, attachment
            texts.append(document["resource"]["aws_iam_policy"][address[1]]["policy"])
    return [json.loads(text) for text in texts]


def allowed(document: Any, kind: str, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
    """Whether a role's own policies and its boundary let it do something; `context` is condition key → value."""
    keys = {"aws:RequestedRegion": ["eu-west-2"]} | {key: [value] for key, value in (context or {}).items()}
    call = Call(Principal(ACCOUNT, ROLES[kind]), action, resource, keys)
    decisions = {evaluate(policy, call) for policy in policies_of(document, kind)}
    return (
        Decision.DENIED not in decisions
        and Decision.ALLOWED in decisions
        and evaluate(boundary(document), call) is Decision.ALLOWED
    )


def boundary(document: Any) -> Any:
    """The permission boundary's policy."""
    (policy,) = [
        policy for policy in resources(document, "aws_iam_policy") if policy["name"] == "acme-dev-delivery-boundary"
    ]
    return json.loads(policy["policy"])


def actions_of(document: Any, kind: str) -> Iterator[str]:
    """Every action that a role's policies allow."""
    for policy in policies_of(document, kind):
        for statement in policy["Statement"]:
            if statement["Effect"] == "Allow":
                yield from [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
