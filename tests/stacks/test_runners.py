"""Runners are in the VPC, start only for queued jobs, and their own role can do almost nothing in AWS."""

from __future__ import annotations

import re
from pathlib import Path
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
        "delivery": {"runners": {"connection_arn": CONNECTION, "group": 7}, "runner_label": None},
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


def test_a_runner_has_an_image_for_setup_python_and_joins_its_group() -> None:
    """actions/setup-python has no Python for Amazon Linux, and a label alone serves every job of the repository."""
    machine = only_resource(runners(), "aws_codebuild_project")["environment"]
    assert (machine["type"], machine["image"]) == ("LINUX_CONTAINER", "aws/codebuild/standard:7.0")
    assert {entry["name"]: entry["value"] for entry in machine["environment_variable"]} == {
        "CODEBUILD_CONFIG_GITHUB_ACTIONS_ORG_REGISTRATION_NAME": "acme",
        "CODEBUILD_CONFIG_GITHUB_ACTIONS_RUNNER_GROUP_ID": "7",
    }


def test_a_runner_lives_longer_than_any_job_s_own_limit(checkout: Path) -> None:
    minutes = only_resource(runners(), "aws_codebuild_project")["build_timeout"]
    for file in (checkout / ".github" / "workflows").glob("*.yml"):
        assert all(int(limit) < minutes for limit in re.findall(r"timeout-minutes: (\d+)", file.read_text("utf-8")))


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
        "delivery": {"runners": {"connection_arn": CONNECTION, "group": 7}, "runner_label": None},
    }
    assert "runners" in names(**with_runners)


def test_runners_without_a_repository_are_refused() -> None:
    with pytest.raises(IllegalComposition, match="whose jobs should run here"):
        runners(singletons={})
