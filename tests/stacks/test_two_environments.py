"""Two environments fit into one account: they share no name, and singletons are made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalog import documents
from tests.support.synth import environment

# Arguments that name something in AWS.
NAMING = {
    "name", "name_prefix", "bucket", "bucket_prefix", "alias", "identifier", "analyzer_name", "function_name",
    "domain_name", "cluster_name", "node_group_name", "addon_name", "cluster_identifier", "repository_name",
    "stage_name", "fargate_profile_name", "dashboard_name", "alarm_name", "family", "username", "group_name",
}  # fmt: skip
# Names that only have to differ within their parent, which the other environment does not share.
WITHIN_A_PARENT = {
    "aws_api_gateway_model": "within its API",
    "aws_api_gateway_request_validator": "within its API",
    "aws_api_gateway_stage": "within its API",
    "aws_apigatewayv2_stage": "within its API",
    "aws_eks_addon": "within its cluster",
    "aws_eks_fargate_profile": "within its cluster",
    "aws_eks_node_group": "within its cluster",
    "aws_guardduty_detector_feature": "within its detector",
    "aws_iam_role_policy": "within its role",
    "aws_lambda_alias": "within its function",
    "aws_route53_record": "within its zone, its name is the domain's",
    "helm_release": "within its cluster",
}
# Not names of the resource, although the argument is one elsewhere.
NO_NAMES = {
    ("aws_db_instance", "username"): "of the administrator inside",
    ("aws_db_parameter_group", "family"): "of the engine",
}
# What an account has once, however many environments it holds.
SINGLETONS = {
    "aws_accessanalyzer_analyzer",
    "aws_api_gateway_account",
    "aws_cloudtrail",
    "aws_ebs_encryption_by_default",
    "aws_ebs_snapshot_block_public_access",
    "aws_guardduty_detector",
    "aws_iam_account_password_policy",
    "aws_iam_openid_connect_provider",
}
ACCOUNTS = {"main": {"id": "111122223333"}, "archive": {"id": "444455556666"}}


def values(name: str, *, owns: bool) -> dict[str, Any]:
    return {
        "name": name,
        "accounts": {"main": {"id": ACCOUNTS["main"]["id"], "owns_singletons": owns}, "archive": ACCOUNTS["archive"]},
        "singletons": {"github_repository": "acme/groundwork"},
        "state": {"replica_region": "eu-west-1"},
        "delivery": {
            "runners": {"connection_arn": "arn:aws:codeconnections:eu-west-2:111122223333:connection/1", "group": 7},
            "runner_label": None,
        },
        "data": {"postgres": {}},
        "cluster": {"fargate_profiles": {"jobs": {"namespace": "jobs"}}},
        "api": {
            "kind": "rest",
            "waf": True,
            "domain": {"name": f"api.{name}.acme.example", "zone": f"{name}.acme.example"},
        },
        "workloads": {"hello": {"namespace": "hello", "image": "ghcr.io/acme/hello", "tag": "1.0.0"}},
    }


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All stacks of `blue`, which owns the singletons, and of `green` in the same two accounts."""
    pair = [environment(**values("blue", owns=True)), environment(**values("green", owns=False))]
    return documents(tmp_path_factory.mktemp("pair"), *pair)


def resources(stacks: dict[str, Any], name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Type, address and body of every resource of one environment."""
    for stack, document in stacks.items():
        if stack.startswith(f"{name}-"):
            for kind, named in document.get("resource", {}).items():
                for key, body in named.items():
                    yield kind, f"{stack} {kind}.{key}", body


def named(stacks: dict[str, Any], name: str) -> dict[tuple[str, str, str], str]:
    """Type, argument and literal name → address of the resource that has it."""
    return {
        (kind, argument, value): address
        for kind, address, body in resources(stacks, name)
        for argument, value in body.items()
        if argument in NAMING
        and isinstance(value, str)
        and "${" not in value
        and kind not in WITHIN_A_PARENT
        and (kind, argument) not in NO_NAMES
    }


@pytest.mark.slow
@pytest.mark.row("4.27")
def test_no_two_environments_in_an_account_share_a_name(stacks: dict[str, Any]) -> None:
    blue, green = named(stacks, "blue"), named(stacks, "green")
    assert {"aws_s3_bucket", "aws_iam_role", "aws_dynamodb_table", "aws_kms_alias", "aws_lambda_function",
            "aws_eks_cluster", "aws_cloudwatch_log_group",
            "aws_db_instance"} <= {kind for kind, _, _ in green}  # fmt: skip
    shared = {key: (blue[key], green[key]) for key in blue.keys() & green.keys()}
    assert not shared


@pytest.mark.slow
def test_no_two_resources_of_an_environment_share_a_name(stacks: dict[str, Any]) -> None:
    owners: dict[tuple[str, str, str], list[str]] = {}
    for kind, address, body in resources(stacks, "blue"):
        for argument in NAMING & body.keys():
            if isinstance(body[argument], str) and "${" not in body[argument] and kind not in WITHIN_A_PARENT:
                owners.setdefault((kind, argument, body[argument]), []).append(address)
    assert not {key: addresses for key, addresses in owners.items() if len(addresses) > 1}


@pytest.mark.slow
def test_only_the_owning_environment_makes_the_singletons(stacks: dict[str, Any]) -> None:
    assert {kind for kind, _, _ in resources(stacks, "blue")} >= SINGLETONS
    assert not {kind for kind, _, _ in resources(stacks, "green")} & SINGLETONS
    assert "blue-account" in stacks
    assert "green-account" not in stacks


@pytest.mark.slow
@pytest.mark.row("4.22", "4.30")
def test_every_stack_has_its_own_state(stacks: dict[str, Any]) -> None:
    states = [(backend["bucket"], backend["key"]) for document in stacks.values()
              for backend in [document["terraform"]["backend"]["s3"]]]  # fmt: skip
    assert len(set(states)) == len(stacks)


@pytest.mark.slow
@pytest.mark.row("0.19")
def test_an_archive_lets_in_only_the_function_of_its_own_environment(stacks: dict[str, Any]) -> None:
    for name, other in (("blue", "green"), ("green", "blue")):
        text = str(stacks[f"{name}-archive"])
        assert f"role/acme-{name}-populate" in text
        assert f"acme-{other}-" not in text


def test_in_the_committed_environments_every_account_has_one_owner(checkout: Path) -> None:
    from stacks.values import load_all

    environments = load_all(checkout / "environments")
    accounts = {environment.accounts.main.id for environment in environments}
    owners = [e.accounts.main.id for e in environments if e.accounts.main.owns_singletons]
    assert sorted(owners) == sorted(accounts)
