"""Each service's pods read the parameters and secrets of their service, and those of no other."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from localcloud.aws.policy import Call, Decision, Principal, evaluate
from localcloud.cloud import LocalCloud
from stacks.blocks.errors import IllegalComposition
from tests.support.catalog import documents
from tests.support.data_stack import data_stack, policy_of_pods, session_of_pods
from tests.support.pipeline_roles import ACCOUNT
from tests.support.synth import environment, resources, statements, synth

HOME = f"eu-west-2:{ACCOUNT}"
HTTPS = {"cidr": "10.0.0.0/16", "ports": [443]}
SERVICE = {"image": "ghcr.io/acme/x", "tag": "1.0.0", "parameters": True, "egress": [HTTPS]}
WORKLOADS: dict[str, Any] = {
    "users": {**SERVICE, "namespace": "users"},
    "users-admin": {**SERVICE, "namespace": "users"},
    "web": {**SERVICE, "namespace": "web", "parameters": False},
}


@pytest.fixture(scope="module")
def document() -> Any:
    return synth(data_stack, workloads=WORKLOADS)


# ── who is who ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.row("3.9")
def test_each_service_with_parameters_has_an_identity_of_its_own(document: Any) -> None:
    """The service account is the chart's: it has the release's name."""
    associations = {
        (body["namespace"], body["service_account"]) for body in resources(document, "aws_eks_pod_identity_association")
    }
    assert associations == {("users", "users"), ("users", "users-admin")}
    for role in resources(document, "aws_iam_role"):
        trust = statements(role["assume_role_policy"])["ServiceAssumes"]
        assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert trust["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:eks:{HOME}:cluster/acme-dev-cluster"}


def test_parameters_are_written_by_people_and_in_no_state(document: Any) -> None:
    kinds = set(document["resource"])
    assert not {kind for kind in kinds if kind.startswith(("aws_ssm_", "aws_secretsmanager_"))}


def test_the_identity_exists_before_the_pods_that_need_it(tmp_path: Path) -> None:
    """EKS user guide: pods that ran before the association have no identity."""
    assert documents(tmp_path / "a", environment(workloads=WORKLOADS))["dev-workloads"] is not None
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text(encoding="utf-8"))
    assert "dev-data" in manifest["stacks"]["dev-workloads"]["dependencies"]


def test_the_release_lets_pods_reach_the_agent_that_hands_out_identities(tmp_path: Path) -> None:
    """EKS user guide, "EKS Pod Identity considerations": 169.254.170.23, port 80."""
    releases = resources(documents(tmp_path, environment(workloads=WORKLOADS))["dev-workloads"], "helm_release")
    reached = {
        release["name"]: [
            each["to"][0]["ipBlock"]["cidr"] for each in json.loads(release["values"][0])["networkPolicy"]["egress"]
        ]
        for release in releases
    }
    assert reached["users"] == ["10.0.0.0/16", "169.254.170.23/32"]
    assert reached["web"] == ["10.0.0.0/16"]


# ── what the policy allows ─────────────────────────────────────────────────────────────────────────
SSM, SECRETS = f"arn:aws:ssm:{HOME}:parameter", f"arn:aws:secretsmanager:{HOME}:secret"
VIA_SSM, VIA_SECRETS = ({"kms:ViaService": f"{name}.eu-west-2.amazonaws.com"} for name in ("ssm", "secretsmanager"))
KEY = f"arn:aws:kms:{HOME}:key/1"


def may(document: Any, action: str, resource: str, keys: dict[str, str]) -> bool:
    policy = json.loads(policy_of_pods(document, "users", key=KEY))
    role = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/acme-dev-pods-users")
    call = Call(role, action, resource, {name: [value] for name, value in keys.items()})
    return evaluate(policy, call) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("ssm:GetParametersByPath", f"{SSM}/acme-dev/users", {}),
        ("ssm:GetParameter", f"{SSM}/acme-dev/users/database/password", {}),
        ("secretsmanager:GetSecretValue", f"{SECRETS}:acme-dev/users/database-AbCdEf", {}),
        ("kms:Decrypt", KEY, {**VIA_SSM, "kms:EncryptionContext:PARAMETER_ARN": f"{SSM}/acme-dev/users/a"}),
        ("kms:Decrypt", KEY, {**VIA_SECRETS, "kms:EncryptionContext:SecretARN": f"{SECRETS}:acme-dev/users/a-AbCdEf"}),
    ],
)  # fmt: skip
@pytest.mark.row("3.9")
def test_a_service_reads_below_its_own_path(document: Any, action: str, resource: str, keys: dict[str, str]) -> None:
    assert may(document, action, resource, keys)


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("ssm:GetParameter", f"{SSM}/acme-dev/users-admin/a", {}),
        ("ssm:GetParametersByPath", f"{SSM}/acme-dev", {}),
        ("ssm:GetParameter", f"{SSM}/acme-prod/users/a", {}),
        ("ssm:PutParameter", f"{SSM}/acme-dev/users/a", {}),
        ("ssm:GetParameterHistory", f"{SSM}/acme-dev/users/a", {}),
        ("secretsmanager:GetSecretValue", f"{SECRETS}:acme-dev/users-admin/a-AbCdEf", {}),
        ("secretsmanager:GetSecretValue", f"{SECRETS}:rds!db-1-AbCdEf", {}),
        ("secretsmanager:PutSecretValue", f"{SECRETS}:acme-dev/users/a-AbCdEf", {}),
        ("kms:Decrypt", KEY, {}),
        ("kms:Decrypt", KEY, {**VIA_SSM, "kms:EncryptionContext:PARAMETER_ARN": f"{SSM}/acme-dev/users-admin/a"}),
        ("kms:Decrypt", f"{KEY}2", {**VIA_SSM, "kms:EncryptionContext:PARAMETER_ARN": f"{SSM}/acme-dev/users/a"}),
    ],
)  # fmt: skip
@pytest.mark.row("3.9")
def test_a_service_reads_nothing_of_another_and_writes_nothing(
    document: Any, action: str, resource: str, keys: dict[str, str]
) -> None:
    assert not may(document, action, resource, keys)


# ── on the embedded AWS ────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def session(tmp_path: Path, document: Any) -> Iterator[tuple[Any, Any]]:
    """Makes clients of an administrator, and of a session with the policy of the pods of `users`."""
    cloud = LocalCloud(tmp_path / "cloud", Path(sys.executable))
    endpoint = cloud.up(port=0).endpoint

    def clients(access_key: str, secret: str, token: str | None = None) -> Any:
        made = boto3.Session(access_key, secret, token, region_name="eu-west-2")
        return lambda service: made.client(service, endpoint_url=endpoint)

    person = clients(cloud.keys.access_key, cloud.keys.secret)
    keys = session_of_pods(person, document, "users", key=KEY)
    yield person, clients(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    cloud.down()


@pytest.mark.slow
@pytest.mark.row("3.9")
def test_pods_get_their_own_values_and_a_refusal_for_those_of_others(session: tuple[Any, Any]) -> None:
    person, pod = session
    for service in ("users", "users-admin"):
        person("ssm").put_parameter(Name=f"/acme-dev/{service}/url", Value=f"of {service}", Type="SecureString")
        person("secretsmanager").create_secret(Name=f"acme-dev/{service}/database", SecretString=f"of {service}")

    def read(service: str) -> list[str]:
        parameters = pod("ssm").get_parameters_by_path(Path=f"/acme-dev/{service}", WithDecryption=True)["Parameters"]
        secret = pod("secretsmanager").get_secret_value(SecretId=f"acme-dev/{service}/database")["SecretString"]
        return [*(each["Value"] for each in parameters), secret]

    assert read("users") == ["of users", "of users"]
    for refused in (
        lambda: pod("ssm").get_parameters_by_path(Path="/acme-dev/users-admin"),
        lambda: pod("ssm").get_parameters_by_path(Path="/"),
        lambda: pod("ssm").get_parameter(Name="/acme-dev/users-admin/url"),
        lambda: pod("ssm").get_parameters(Names=["/acme-dev/users/url", "/acme-dev/users-admin/url"]),
        lambda: pod("ssm").put_parameter(Name="/acme-dev/users/url", Value="x", Type="String", Overwrite=True),
        lambda: pod("secretsmanager").get_secret_value(SecretId="acme-dev/users-admin/database"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()


# ── values that cannot work ────────────────────────────────────────────────────────────────────────
ADDONS = {"vpc-cni": "v1.22.4-eksbuild.3", "metrics-server": "v0.8.1-eksbuild.10"}


@pytest.mark.parametrize(
    ("workload", "changes", "why"),
    [
        ({}, {"cluster": {"addons": ADDONS}}, "pods get their identity from eks-pod-identity-agent"),
        ({}, {"cluster": {"fargate_profiles": {"jobs": {"namespace": "users"}}}}, "pods on Fargate get no identity"),
        ({"egress": []}, {}, "reach neither SSM nor Secrets Manager"),
    ],
    ids=["no agent", "fargate", "no way out"],
)
def test_pods_that_could_not_read_their_parameters_raise(
    workload: dict[str, Any], changes: dict[str, Any], why: str
) -> None:
    users = {**WORKLOADS["users"], **workload}
    with pytest.raises(IllegalComposition, match=why) as raised:
        synth(data_stack, workloads={"users": users}, **changes)
    assert raised.value.key == "workloads.users.parameters"


def test_a_name_that_iam_would_refuse_raises() -> None:
    """IAM user guide, "IAM and AWS STS quotas": 64 characters."""
    with pytest.raises(IllegalComposition, match="IAM takes 64"):
        synth(
            data_stack,
            organisation="acme-pharmaceuti",
            name="preproduction",
            workloads={"u" * 40: SERVICE | {"namespace": "u"}},
        )


def test_whether_parameters_are_read_is_a_truth_value() -> None:
    with pytest.raises(ValidationError):
        environment(workloads={"users": {**WORKLOADS["users"], "parameters": "/some/path"}})
