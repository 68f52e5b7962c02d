"""A token leads to a role only where the role's trust policy names it, on the laptop as on AWS."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.aws.web_identity import GITHUB, may_assume
from localcloud.cloud import LocalCloud
from tests.support.fake_github import FakeGitHub

PROVIDER = f"arn:aws:iam::000000000000:oidc-provider/{GITHUB}"
FILE = "acme/groundwork/.github/workflows/deploy.yml@refs/heads/main"
CLAIMS = {
    "iss": f"https://{GITHUB}",
    "aud": "sts.amazonaws.com",
    "sub": "repo:acme/groundwork:environment:prod",
    "environment": "prod",
    "job_workflow_ref": FILE,
    "event_name": "push",
}
EXACT = {
    f"{GITHUB}:aud": "sts.amazonaws.com",
    f"{GITHUB}:sub": "repo:acme/groundwork:environment:prod",
    f"{GITHUB}:job_workflow_ref": FILE,
}
WORKFLOW = """
on: {push: {branches: [main]}}
permissions: {}
jobs:
  apply:
    permissions: {id-token: write, contents: read}
    environment: prod
    runs-on: x
    steps: []
"""


def trust(conditions: Mapping[str, Any] | None = None, *, effect: str = "Allow") -> dict[str, Any]:
    statement = {
        "Effect": effect,
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions if conditions is not None else {"StringEquals": EXACT},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def may_assume_with(policy: Mapping[str, Any], **changed: Any) -> bool:
    return may_assume(policy, {**CLAIMS, **changed}, provider_arn=PROVIDER)


def test_the_token_that_a_trust_policy_describes_is_accepted() -> None:
    assert may_assume_with(trust())
    assert may_assume(json.dumps(trust()), CLAIMS, provider_arn=PROVIDER)


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": "repo:acme/groundwork:ref:refs/heads/main"},
        {"sub": "repo:acme/groundwork:environment:prod-plan"},
        {"sub": "repo:acme@123456/groundwork@456789:environment:prod"},
        {"aud": "https://github.com/acme"},
        {"job_workflow_ref": FILE.replace("deploy.yml", "mine.yml")},
        {"job_workflow_ref": FILE.replace("heads/main", "heads/mine")},
        {"iss": "https://token.actions.elsewhere.example"},
    ],
)
def test_any_other_token_is_refused(changed: dict[str, str]) -> None:
    assert not may_assume_with(trust(), **changed)


def test_a_claim_that_sts_does_not_evaluate_accepts_no_token() -> None:
    assert not may_assume_with(trust({"StringEquals": {f"{GITHUB}:event_name": "push"}}))


def test_a_deny_wins_and_an_unknown_operator_accepts_no_token() -> None:
    both = {"Statement": [*trust()["Statement"], *trust(effect="Deny")["Statement"]]}
    assert not may_assume_with(both)
    assert not may_assume_with(trust({"StringResembles": EXACT}))


def test_another_provider_or_another_action_is_refused() -> None:
    assert not may_assume(trust(), CLAIMS, provider_arn=PROVIDER.replace(GITHUB, "elsewhere.example"))
    other = trust()
    other["Statement"][0]["Action"] = "sts:AssumeRole"
    assert not may_assume_with(other)


# ── on the embedded AWS, with tokens of jobs ────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeGitHub, Any]]:
    """A GitHub with one workflow, and the STS of an embedded AWS that knows its keys and one role."""
    folder = tmp_path_factory.mktemp("web-identity")
    (folder / "deploy.yml").write_text(WORKFLOW, encoding="utf-8")
    cloud = LocalCloud(folder / "cloud", Path(sys.executable))
    with FakeGitHub(workflows=folder) as github:
        github.team("platform", "carol")
        github.environment("prod", reviewers=["platform"])
        cloud.trust_issuer(GITHUB, github.jwks)
        endpoint = cloud.up(port=0).endpoint
        session = boto3.Session(cloud.keys.access_key, cloud.keys.secret, region_name="eu-west-2")
        iam = session.client("iam", endpoint_url=endpoint)
        iam.create_open_id_connect_provider(Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"])
        iam.create_role(RoleName="apply", AssumeRolePolicyDocument=json.dumps(trust()))
        yield github, session.client("sts", endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))
        cloud.down()


def token(environ: Mapping[str, str], audience: str = "sts.amazonaws.com") -> str:
    answer = httpx.get(
        f"{environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience}",
        headers={"Authorization": f"bearer {environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
    )
    return str(answer.raise_for_status().json()["value"])


def approved_job(github: FakeGitHub) -> dict[str, str]:
    run = github.begin_run("push", "bob")
    github.job(run, "apply")
    github.approve(run, "prod", by="carol")
    return github.job_environment(run, "apply")


def assume(sts: Any, signed: str, role: str = "apply") -> Any:
    arn = f"arn:aws:iam::000000000000:role/{role}"
    return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="job", WebIdentityToken=signed)


def test_an_approved_job_becomes_its_role(sts: tuple[FakeGitHub, Any]) -> None:
    github, client = sts
    answer = assume(client, token(approved_job(github)))
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/apply/job"
    assert answer["Credentials"]["SessionToken"]


@pytest.mark.parametrize("role", ["apply", "not-there"])
def test_a_job_without_its_environment_becomes_no_role(sts: tuple[FakeGitHub, Any], tmp_path: Path, role: str) -> None:
    _, client = sts
    (tmp_path / "deploy.yml").write_text(WORKFLOW.replace("    environment: prod\n", ""), encoding="utf-8")
    with FakeGitHub(workflows=tmp_path) as other:
        signed = token(other.job_environment(other.begin_run("push", "bob"), "apply"))
    with pytest.raises(ClientError, match=r"AccessDenied.*Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        assume(client, signed, role)


@pytest.mark.parametrize(
    ("forge", "message"),
    [
        (
            lambda signed: signed[:-8] + ("AAAAAAAA" if not signed.endswith("AAAAAAAA") else "BBBBBBBB"),
            "InvalidIdentityToken",
        ),
        (lambda signed: "no token", "not a valid JWT"),
    ],
    ids=["signature", "no token"],
)
def test_a_token_that_github_did_not_sign_is_refused(sts: tuple[FakeGitHub, Any], forge: Any, message: str) -> None:
    github, client = sts
    with pytest.raises(ClientError, match=message):
        assume(client, forge(token(approved_job(github))))


def test_a_token_for_another_audience_is_refused(sts: tuple[FakeGitHub, Any]) -> None:
    github, client = sts
    with pytest.raises(ClientError, match="Incorrect token audience"):
        assume(client, token(approved_job(github), audience="elsewhere"))
