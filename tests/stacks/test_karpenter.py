"""Karpenter in AWS: the identity of its nodes, what tells it of interruptions, and what its controller may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.aws.policy import Call, Decision, Principal, evaluate
from tests.support.catalog import documents
from tests.support.karpenter import WITH_KARPENTER
from tests.support.pipeline_roles import ACCOUNT, REPOSITORY, allowed, delivery
from tests.support.synth import environment, only_resource, resources, statements

HOME = f"eu-west-2:{ACCOUNT}"
CLUSTER = "acme-dev-cluster"
PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/acme-dev-karpenter-nodes"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/acme-dev-karpenter-nodes"
QUEUE = f"arn:aws:sqs:{HOME}:acme-dev-karpenter-interruptions"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return documents(tmp_path_factory.mktemp("karpenter"), environment(cluster=WITH_KARPENTER))["dev-cluster"]


# ── the identity of nodes ─────────────────────────────────────────────────────────────────────────
def test_karpenters_nodes_have_a_role_profile_and_entry_of_their_own(cluster: Any) -> None:
    """EKS makes the entry of a managed group's role itself, and takes one per principal."""
    roles = {body["name"]: key for key, body in cluster["resource"]["aws_iam_role"].items()}
    own = roles["acme-dev-karpenter-nodes"]
    profile = only_resource(cluster, "aws_iam_instance_profile")
    assert (profile["name"], profile["role"]) == ("acme-dev-karpenter-nodes", f"${{aws_iam_role.{own}.name}}")
    entries = {body["type"]: body["principal_arn"] for body in resources(cluster, "aws_eks_access_entry")}
    assert entries["EC2_LINUX"] == f"${{aws_iam_role.{own}.arn}}"
    assert (
        only_resource(cluster, "aws_eks_node_group")["node_role_arn"]
        == f"${{aws_iam_role.{roles['acme-dev-nodes']}.arn}}"
    )
    attached = {
        body["policy_arn"].rsplit("/", 1)[1]
        for body in resources(cluster, "aws_iam_role_policy_attachment")
        if body["role"] == f"${{aws_iam_role.{own}.name}}"
    }
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


# ── interruptions ─────────────────────────────────────────────────────────────────────────────────
def test_events_about_instances_reach_an_encrypted_queue(cluster: Any) -> None:
    """Karpenter's documentation, "Interruption"."""
    queue = only_resource(cluster, "aws_sqs_queue")
    assert (queue["sqs_managed_sse_enabled"], queue["message_retention_seconds"]) == (True, 300)
    patterns = [json.loads(body["event_pattern"]) for body in resources(cluster, "aws_cloudwatch_event_rule")]
    assert {kind for pattern in patterns for kind in pattern["detail-type"]} == {
        "AWS Health Event",
        "EC2 Instance Rebalance Recommendation",
        "EC2 Instance State-change Notification",
        "EC2 Spot Instance Interruption Warning",
    }
    targets = resources(cluster, "aws_cloudwatch_event_target")
    assert len(targets) == len(patterns)
    assert {target["arn"].partition(".")[0] for target in targets} == {"${aws_sqs_queue"}


def test_only_karpenters_rules_may_send_to_the_queue(cluster: Any) -> None:
    policy = statements(only_resource(cluster, "aws_sqs_queue_policy")["policy"])
    sends = policy["RulesSend"]
    assert (sends["Principal"], sends["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert sends["Condition"]["ArnLike"]["aws:SourceArn"] == f"arn:aws:events:{HOME}:rule/acme-dev-karpenter-*"
    names = [body["name"] for body in resources(cluster, "aws_cloudwatch_event_rule")]
    assert all(name.startswith("acme-dev-karpenter-") for name in names)
    assert policy["OnlyEncryptedConnections"]["Effect"] == "Deny"


# ── what the controller may do ────────────────────────────────────────────────────────────────────
OWN = {f"kubernetes.io/cluster/{CLUSTER}": "owned", "karpenter.sh/nodepool": "general"}
NEW = {f"aws:RequestTag/{key}": value for key, value in {**OWN, "eks:eks-cluster-name": CLUSTER}.items()}
OLD = {f"aws:ResourceTag/{key}": value for key, value in OWN.items()}
UNNAMED = {"aws:RequestTag/karpenter.sh/nodepool": "general"}
OTHERS = {**OLD, f"aws:ResourceTag/kubernetes.io/cluster/{CLUSTER}": "shared"}
EC2 = f"arn:aws:ec2:{HOME}"


def may(cluster: Any, action: str, resource: str, keys: dict[str, str] | None = None) -> bool:
    (role,) = [key for key, body in cluster["resource"]["aws_iam_role"].items() if body["name"] == "acme-dev-karpenter"]
    policies = [
        json.loads(body["policy"])
        for body in resources(cluster, "aws_iam_role_policy")
        if body["role"] == f"${{aws_iam_role.{role}.id}}"
    ]
    context = {"aws:RequestedRegion": ["eu-west-2"]} | {key: [value] for key, value in (keys or {}).items()}
    call = Call(Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/acme-dev-karpenter"), action, resource, context)
    return Decision.ALLOWED in {evaluate(policy, call) for policy in policies}


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("ec2:RunInstances", "arn:aws:ec2:eu-west-2::image/ami-1", {}),
        ("ec2:CreateFleet", f"{EC2}:launch-template/lt-1", OLD),
        ("ec2:CreateFleet", f"{EC2}:fleet/*", NEW),
        ("ec2:RunInstances", f"{EC2}:instance/*", NEW),
        ("ec2:RunInstances", f"{EC2}:network-interface/*", NEW),
        ("ec2:CreateLaunchTemplate", f"{EC2}:launch-template/*", NEW),
        ("ec2:CreateTags", f"{EC2}:instance/*", {**NEW, "ec2:CreateAction": "CreateFleet"}),
        ("ec2:CreateTags", f"{EC2}:instance/i-1", {**OLD, "aws:TagKeys": "Name"}),
        ("ec2:TerminateInstances", f"{EC2}:instance/i-1", OLD),
        ("ec2:DeleteLaunchTemplate", f"{EC2}:launch-template/lt-1", OLD),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:GetInstanceProfile", f"arn:aws:iam::{ACCOUNT}:instance-profile/{CLUSTER}_1234", {}),
        ("iam:ListInstanceProfiles", "*", {}),
        ("ssm:GetParameter", "arn:aws:ssm:eu-west-2::parameter/aws/service/eks/optimized-ami/1.35/x/image_id", {}),
        ("ssm:GetParameter", "arn:aws:ssm:eu-west-2::parameter/aws/service/bottlerocket/aws-k8s-1.35/x/image_id", {}),
        ("eks:DescribeCluster", f"arn:aws:eks:{HOME}:cluster/{CLUSTER}", {}),
        ("sqs:ReceiveMessage", QUEUE, {}),
        ("pricing:GetProducts", "*", {}),
        ("ec2:DescribeInstanceTypes", "*", {}),
    ],
)  # fmt: skip
def test_the_controller_makes_and_ends_its_own_nodes(
    cluster: Any, action: str, resource: str, keys: dict[str, str]
) -> None:
    """What Karpenter 1.14 asks: pkg/aws/sdk.go, and the tags of pkg/utils/utils.go."""
    assert may(cluster, action, resource, keys)


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("ec2:RunInstances", f"{EC2}:subnet/subnet-of-others", {}),
        ("ec2:RunInstances", f"{EC2}:security-group/sg-of-others", {}),
        ("ec2:RunInstances", f"{EC2}:instance/*", {}),
        ("ec2:RunInstances", f"{EC2}:instance/*", {**NEW, "aws:RequestTag/eks:eks-cluster-name": "another"}),
        ("ec2:RunInstances", f"{EC2}:launch-template/lt-1", OTHERS),
        ("ec2:CreateTags", f"{EC2}:instance/i-1", {**OTHERS, "aws:TagKeys": "Name"}),
        ("ec2:CreateTags", f"{EC2}:instance/i-1", {**OLD, "aws:TagKeys": "environment"}),
        ("ec2:CreateTags", f"{EC2}:instance/i-1", NEW),
        ("ec2:CreateTags", f"{EC2}:instance/*", {**UNNAMED, "ec2:CreateAction": "CreateFleet"}),
        ("ec2:CreateLaunchTemplate", f"{EC2}:launch-template/*", UNNAMED),
        ("ec2:TerminateInstances", f"{EC2}:instance/i-1", {}),
        ("ec2:TerminateInstances", f"{EC2}:instance/i-1", OTHERS),
        ("ec2:DescribeInstances", "*", {"aws:RequestedRegion": "us-east-1"}),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/acme-dev-nodes", {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:AddRoleToInstanceProfile", PROFILE, {}),
        ("iam:CreateInstanceProfile", PROFILE, {}),
        ("ssm:GetParameter", f"arn:aws:ssm:{HOME}:parameter/secret", {}),
        ("sqs:SendMessage", QUEUE, {}),
        ("sqs:ReceiveMessage", f"arn:aws:sqs:{HOME}:other", {}),
    ],
)  # fmt: skip
def test_the_controller_touches_nothing_of_others(
    cluster: Any, action: str, resource: str, keys: dict[str, str]
) -> None:
    assert not may(cluster, action, resource, keys)


def test_the_controller_starts_nodes_in_our_subnets_with_our_group(cluster: Any) -> None:
    (policy,) = [body["policy"] for body in resources(cluster, "aws_iam_role_policy") if body["name"] == "nodes"]
    named = statements(policy)["StartFrom"]["Resource"]
    assert sum(":subnet/${" in arn for arn in named) == 3
    assert sum(":security-group/${aws_security_group.security_groups_nodes" in arn for arn in named) == 1
    assert not any(arn.endswith(("subnet/*", "security-group/*")) for arn in named)


def test_the_role_is_for_karpenters_pods_of_this_cluster_alone(cluster: Any) -> None:
    associations = {
        body["service_account"]: body["namespace"] for body in resources(cluster, "aws_eks_pod_identity_association")
    }
    assert associations["karpenter"] == "kube-system"


# ── the pipeline ──────────────────────────────────────────────────────────────────────────────────
def pipeline(**values: Any) -> Any:
    return delivery(singletons={"github_repository": REPOSITORY}, **values)


@pytest.mark.parametrize("role", ["plan", "plan-pull-request", "apply"])
def test_planning_reads_settings_and_no_message(role: str) -> None:
    document = pipeline(cluster=WITH_KARPENTER)
    for action, resource in (("iam:GetInstanceProfile", PROFILE), ("sqs:GetQueueAttributes", QUEUE)):
        assert allowed(document, role, action, resource)
        assert not allowed(pipeline(), role, action, resource), "without Karpenter nobody needs it"
    assert not allowed(document, role, "sqs:ReceiveMessage", QUEUE)


def test_only_the_apply_role_changes_what_karpenter_needs() -> None:
    document = pipeline(cluster=WITH_KARPENTER)
    rule = f"arn:aws:events:{HOME}:rule/acme-dev-karpenter-rebalance"
    for action, resource in (
        ("iam:CreateInstanceProfile", PROFILE),
        ("iam:AddRoleToInstanceProfile", PROFILE),
        ("sqs:CreateQueue", QUEUE),
        ("events:PutRule", rule),
    ):
        assert allowed(document, "apply", action, resource)
        assert not allowed(document, "plan", action, resource)
    assert not allowed(document, "apply", "iam:CreateInstanceProfile", PROFILE.replace("karpenter-nodes", "other"))
