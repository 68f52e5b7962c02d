"""Least privilege in every policy of every stack; exceptions are listed here with their reasons."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalog import documents
from tests.support.data_stack import READER
from tests.support.karpenter import WITH_KARPENTER
from tests.support.policies import Statement, statements, unreadable
from tests.support.synth import environment

TRACING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
ATTACHING = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}

CONNECTION = "arn:aws:codeconnections:eu-west-2:111122223333:connection/1"


def is_boundary(statement: Statement) -> bool:
    """Whether it belongs to the permission boundary, which no role has as a policy (test_delivery.py)."""
    return statement.address.startswith("aws_iam_policy.boundary_policy")


# Why AWS offers nothing narrower than `Resource: "*"` → the statements for which that holds.
MAY_NAME_EVERY_RESOURCE: dict[str, Callable[[Statement], bool]] = {
    "in the policy of a key `*` is that key": lambda s: s.kind in {"aws_kms_key", "aws_kms_replica_key"},
    "X-Ray knows no resources": lambda s: set(s.listed("Action")) <= TRACING,
    "a registry's login token belongs to no repository": lambda s: s.listed("Action") == ["ecr:GetAuthorizationToken"],
    # tests/stacks/test_delivery.py has more about what the pipeline's roles may do.
    "these list what an account has": lambda s: (
        s.stack.endswith(("-delivery", "-runners", "-archive-roles"))
        and all(action.split(":")[1].startswith(("Describe", "Get", "List")) for action in s.listed("Action"))
    ),
    "a key that does not exist yet has no name": lambda s: (
        s.listed("Action") == ["kms:CreateKey", "kms:TagResource"]
        and "aws:RequestTag/environment" in s.body["Condition"]["StringEquals"]
    ),
    "a certificate or zone that does not exist yet has no name": lambda s: (
        set(s.listed("Action")) == {"acm:RequestCertificate", "route53:CreateHostedZone"}
    ),
    "rules and templates of ECR's cache are settings of the account's registry": lambda s: all(
        action.endswith(("PullThroughCacheRule", "RepositoryCreationTemplate")) for action in s.listed("Action")
    ),
    "deliveries of logs know no resources": lambda s: all(
        action.endswith(("LogDelivery", "LogDeliveries", "ResourcePolicy")) for action in s.listed("Action")
    ),
    "Karpenter lists what EC2 offers, its own instance profiles, and public prices": lambda s: (
        s.address.startswith("aws_iam_role_policy.karpenter_identity_role_")
        and all(action.split(":")[1].startswith(("Describe", "List", "GetProducts")) for action in s.listed("Action"))
    ),
    "AWS knows no resource for giving a new vault of backups its key": lambda s: (
        s.listed("Action") == ["backup-storage:MountCapsule"]
    ),
    "a permission boundary gives nothing": is_boundary,
    # A Deny beside it keeps the function's code from using them, which a test below checks.
    "Lambda needs this right before the interface exists": lambda s: (
        s.body["Sid"] == "LambdaAttachesFunction" and set(s.listed("Action")) <= ATTACHING
    ),
}

# Kinds of policies that the stacks have; a test fails if one of them is no longer found and so no longer checked.
KINDS = {
    "aws_iam_policy.policy",
    "aws_iam_role.assume_role_policy",
    "aws_iam_role_policy.policy",
    "aws_kms_key.policy",
    "aws_s3_bucket_policy.policy",
    "aws_sqs_queue_policy.policy",
}
RESOURCE_POLICIES = {"aws_s3_bucket_policy", "aws_kms_key", "aws_sqs_queue_policy", "aws_sns_topic_policy"}


@pytest.fixture(scope="module")
def stacks(synthesised: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The committed environments, and another that switches on what they leave off."""
    everything = environment(
        name="more",
        network={"interface_endpoints": ["sts", "ecr.api", "ecr.dkr", "logs"]},
        state={"replica_region": "eu-west-1"},
        delivery={"apply_from_tags": "v*", "runners": {"connection_arn": CONNECTION, "group": 7}, "runner_label": None},
        singletons={"github_repository": "acme/groundwork"},
        cluster={
            **WITH_KARPENTER,
            "fargate_profiles": {"jobs": {"namespace": "jobs"}},
            "image_cache": ["quay.io", "ghcr.io"],
        },
        data={"postgres": {}, "mongodb": {"kind": "documentdb"}, "backup": {}},
        workloads={"users": READER},
        api={"kind": "rest", "authorisation": "api_key", "waf": True, "allowed_cidrs": ["52.94.76.0/22"]},
    )
    committed = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in (synthesised / "stacks").glob("*/cdk.tf.json")
    }
    return committed | documents(tmp_path_factory.mktemp("more"), everything)


@pytest.fixture(scope="module")
def written(stacks: dict[str, Any]) -> list[Statement]:
    """Every statement of every policy."""
    return [statement for stack, document in stacks.items() for statement in statements(stack, document)]


@pytest.mark.slow
def test_every_policy_can_be_read_before_it_is_applied(stacks: dict[str, Any]) -> None:
    assert not [line for stack, document in stacks.items() for line in unreadable(stack, document)]
    kinds = {f"{s.kind}.{s.argument}" for stack in stacks for s in statements(stack, stacks[stack])}
    assert kinds >= KINDS, "a kind of policy is no longer checked"


@pytest.mark.slow
def test_no_policy_allows_every_action_of_a_service(written: list[Statement]) -> None:
    wide = [
        s
        for s in written
        if s.allows and not is_boundary(s) and any(a == "*" or a.endswith(":*") for a in s.listed("Action"))
    ]
    assert not wide, "\n".join(map(str, wide))


@pytest.mark.slow
def test_no_policy_allows_everything_except_a_list(written: list[Statement]) -> None:
    negative = [s for s in written if s.allows and {"NotAction", "NotResource", "NotPrincipal"} & set(s.body)]
    assert not negative, "\n".join(map(str, negative))


@pytest.mark.slow
def test_a_resource_of_star_needs_a_listed_reason(written: list[Statement]) -> None:
    wide = [s for s in written if s.allows and "*" in s.listed("Resource")]
    unexplained = [s for s in wide if not any(fits(s) for fits in MAY_NAME_EVERY_RESOURCE.values())]
    assert not unexplained, "\n".join(map(str, unexplained))


@pytest.mark.slow
def test_everybody_is_a_principal_only_under_a_condition(written: list[Statement]) -> None:
    open_to_all = [s for s in written if s.allows and s.everyone and not s.body.get("Condition")]
    assert not open_to_all, "\n".join(map(str, open_to_all))


@pytest.mark.slow
def test_a_service_principal_is_limited_to_our_account_or_resource(written: list[Statement]) -> None:
    # Otherwise anybody's CloudTrail, Config or log delivery could write into our buckets and use our keys.
    unbound = [
        s
        for s in written
        if s.allows
        and s.kind in RESOURCE_POLICIES
        and "Service" in (s.body.get("Principal") or {})
        and not s.body.get("Condition")
    ]
    assert not unbound, "\n".join(map(str, unbound))


@pytest.mark.slow
def test_the_code_of_a_function_cannot_attach_network_interfaces(written: list[Statement]) -> None:
    attaching = {(s.stack, s.address): s for s in written if s.body.get("Sid") == "LambdaAttachesFunction"}
    assert attaching
    for where, allowed in attaching.items():
        (denied,) = [
            s for s in written if (s.stack, s.address) == where and not s.allows and s.body["Sid"] == "CodeMayNot"
        ]
        assert set(denied.listed("Action")) >= set(allowed.listed("Action"))
        assert "lambda:SourceFunctionArn" in denied.body["Condition"]["ArnEquals"]
