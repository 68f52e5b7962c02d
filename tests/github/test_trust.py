"""The delivery stack's roles trust exactly the jobs of the GitHub environments in the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from groundwork.github.settings import ROLES
from localcloud.aws.web_identity import may_assume
from stacks.delivery import DeliveryStack
from stacks.values import Names
from tests.support.fake_github import FakeGitHub, Run
from tests.support.synth import environment, resources, synth

REPOSITORY = {"github_repository": "acme/groundwork"}
NUMBERED = {**REPOSITORY, "github_subject": "acme@123456/groundwork@456789"}
CALLER = """
on: {on}
permissions: {{}}
jobs:
  call:
    permissions: {{id-token: write, contents: read}}
    uses: acme/groundwork/.github/workflows/{file}@{ref}
    with: {{environment: {environment}}}
"""
CALLED = """
on: workflow_call
permissions: {}
jobs:
  job:
    permissions: {id-token: write, contents: read}
    environment: ${{ inputs.environment }}
    runs-on: x
    steps: []
"""
FILES = {
    "apply": "apply.yml",
    "plan": "plan.yml",
    "plan-pull-request": "plan.yml",
    "release-images": "release.yml",
    "release-charts": "release.yml",
}


@pytest.fixture(scope="module")
def trust() -> dict[str, Any]:
    """Role → its synthesised trust policy."""
    return trust_policies(REPOSITORY)


def trust_policies(singletons: dict[str, str], **values: Any) -> dict[str, Any]:
    document = synth(DeliveryStack, singletons=singletons, **values)
    return {role["name"]: role["assume_role_policy"] for role in resources(document, "aws_iam_role")}


def claims(fake: FakeGitHub, run: Run, job: str = "call/job") -> Mapping[str, Any]:
    environ = fake.job_environment(run, job)
    answer = httpx.get(
        f"{environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=sts.amazonaws.com",
        headers={"Authorization": f"bearer {environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
    )
    return jwt.decode(answer.raise_for_status().json()["value"], KeySet.import_key_set(fake.jwks)).claims


def signed_in(
    folder: Path, file: str, name: str, *, on: str = "push", ref: str = "main", numbered: bool = False
) -> Mapping[str, Any]:
    """The claims of a job in the called workflow `file`, in GitHub's environment `name`."""
    for each in {*FILES.values(), file}:
        (folder / each).write_text(CALLED, encoding="utf-8")
    (folder / "caller.yml").write_text(CALLER.format(on=on, file=file, ref=ref, environment=name), encoding="utf-8")
    with FakeGitHub(workflows=folder, immutable_subject=numbered) as fake:
        return claims(fake, fake.begin_run(on, "bob", workflow="caller.yml"))


def assumable(trust: Mapping[str, Any], token: Mapping[str, Any]) -> Iterator[str]:
    """The roles that a job with these claims may assume."""
    names = Names(environment())
    return (role for role, policy in trust.items() if may_assume(policy, token, provider_arn=names.github_oidc_arn))


@pytest.mark.parametrize("role", ROLES)
def test_a_job_of_each_environment_may_assume_only_its_own_role(
    trust: Mapping[str, Any], tmp_path: Path, role: Any
) -> None:
    names = Names(environment())
    on = "pull_request" if role == "plan-pull-request" else "push"
    token = signed_in(tmp_path, FILES[role], names.github_environment(role), on=on)
    assert list(assumable(trust, token)) == [names.delivery_role(role)]


@pytest.mark.parametrize(
    "other",
    [{"file": "mine.yml"}, {"ref": "mine"}, {"name": "dev-other"}],
    ids=["another file", "a file of a branch", "another environment"],
)
def test_any_other_job_may_assume_no_role(trust: Mapping[str, Any], tmp_path: Path, other: dict[str, str]) -> None:
    token = signed_in(tmp_path, **{"file": "apply.yml", "name": "dev", **other})
    assert list(assumable(trust, token)) == []


def test_a_job_without_reviewers_may_apply_only_while_the_value_is_on(trust: Mapping[str, Any], tmp_path: Path) -> None:
    token = signed_in(tmp_path, "apply.yml", "dev-auto")
    assert list(assumable(trust, token)) == []
    on = trust_policies(REPOSITORY, delivery={"auto_apply": {"highest_finding": "low"}})
    assert list(assumable(on, token)) == ["acme-dev-delivery-apply"]
    assert list(assumable(on, signed_in(tmp_path, "apply.yml", "dev"))) == ["acme-dev-delivery-apply"]
    assert list(assumable(on, signed_in(tmp_path, "plan.yml", "dev-auto"))) == []


def test_a_numbered_subject_is_trusted_only_if_the_values_name_it(trust: Mapping[str, Any], tmp_path: Path) -> None:
    token = signed_in(tmp_path, "apply.yml", "dev", numbered=True)
    assert list(assumable(trust, token)) == []
    assert list(assumable(trust_policies(NUMBERED), token)) == ["acme-dev-delivery-apply"]
