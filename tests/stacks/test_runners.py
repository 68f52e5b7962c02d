"""Runners are in the VPC, start only for queued jobs, and their own role can do almost nothing in AWS."""

from __future__ import annotations

from typing import Any

import pytest

from stacks import catalog
from stacks.blocks.errors import IllegalComposition
from stacks.network import NetworkStack
from stacks.runners import RunnersStack
from tests.support.synth import environment, only_resource, resources, statements, synth

CONNECTION = "arn:aws:codeconnections:eu-west-2:111122223333:connection/1"


def runners(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "singletons": {"github_repository": "acme/platform"},
        "delivery": {"runners": {"connection_arn": CONNECTION}, "runner_label": None},
        **changes,
    }
    return synth(lambda scope, env: RunnersStack(scope, env, network=NetworkStack(scope, env)), **values)


def test_a_queued_job_gets_a_fresh_machine_in_the_private_subnets() -> None:
    document = runners()
    project = only_resource(document, "aws_codebuild_project")
    assert project["vpc_config"]["subnets"]
    assert project["environment"]["privileged_mode"] is False
    assert project["source"]["auth"] == {"type": "CODECONNECTIONS", "resource": CONNECTION}, "no token is stored"
    (group,) = only_resource(document, "aws_codebuild_webhook")["filter_group"]
    assert group["filter"] == [{"type": "EVENT", "pattern": "WORKFLOW_JOB_QUEUED"}]


def test_a_runner_opens_https_connections_and_accepts_none() -> None:
    document = runners()
    rule = only_resource(document, "aws_vpc_security_group_egress_rule")
    assert (rule["from_port"], rule["to_port"], rule["ip_protocol"]) == (443, 443, "tcp")
    assert not resources(document, "aws_vpc_security_group_ingress_rule")


def test_a_runner_s_role_cannot_change_what_the_pipeline_deploys() -> None:
    allowed = {
        action
        for statement in statements(only_resource(runners(), "aws_iam_role_policy")["policy"]).values()
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert {action.split(":")[0] for action in allowed} == {"logs", "ec2", "codeconnections"}
    writes = {action for action in allowed if not action.split(":")[1].startswith(("Describe", "Get"))}
    assert writes == {
        "logs:CreateLogStream", "logs:PutLogEvents", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
    }  # fmt: skip


def test_runners_can_use_an_existing_vpc() -> None:
    existing = {
        "vpc_id": "vpc-0123456789abcdef0",
        "cidr": "10.9.0.0/16",
        "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }
    project = only_resource(runners(network={"existing": existing}), "aws_codebuild_project")
    assert project["vpc_config"]["subnets"] == existing["private_subnet_ids"]


def test_runners_exist_only_if_a_value_asks_for_them() -> None:
    def names(**changes: Any) -> set[str]:
        from cdktf import Testing

        return {stack.stack_name for stack in catalog.build(Testing.app(), environment(**changes))}

    assert "runners" not in names()
    with_runners = {
        "singletons": {"github_repository": "acme/x"},
        "delivery": {"runners": {"connection_arn": CONNECTION}, "runner_label": None},
    }
    assert "runners" in names(**with_runners)


def test_runners_without_a_repository_are_refused() -> None:
    with pytest.raises(IllegalComposition, match="whose jobs should run here"):
        runners(singletons={})
