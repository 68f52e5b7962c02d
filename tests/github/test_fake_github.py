"""The fake refuses what GitHub refuses, so that a workflow with too few or too many rights fails its tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from groundwork.errors import GitHubError
from groundwork.github.api import GitHub
from tests.support.fake_github import DeploymentNotAllowed, FakeGitHub, Refusal, WorkflowInvalid


def identity(environ: Mapping[str, str]) -> httpx.Response:
    """Ask for the job's OIDC token as aws-actions/configure-aws-credentials does."""
    return httpx.get(
        f"{environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=sts.amazonaws.com",
        headers={"Authorization": f"bearer {environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
    )


def claims(fake: FakeGitHub, environ: Mapping[str, str]) -> dict[str, Any]:
    answer = identity(environ)
    assert answer.status_code == 200, answer.text
    return dict(jwt.decode(answer.json()["value"], KeySet.import_key_set(fake.jwks)).claims)


def test_a_job_may_do_only_what_its_permissions_allow(github: FakeGitHub) -> None:
    run = github.begin_run("pull_request", "alice")
    report, check = (GitHub.of(github.job_environment(run, name)) for name in ("report", "check"))
    assert report.send("POST", "issues/1/comments", {"body": "fine"})["user"]["login"] == "github-actions[bot]"
    with pytest.raises(GitHubError, match="403 Resource not accessible by integration") as refused:
        check.send("POST", "issues/1/comments", {"body": "fine"})
    assert "permissions: {issues: write or pull-requests: write}" in refused.value.fix


def test_without_its_permissions_a_job_may_do_nothing(github: FakeGitHub, workflows: Path) -> None:
    file = workflows / "pull-request.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("    permissions: {pull-requests: write, issues: write}\n", ""), encoding="utf-8")
    run = github.begin_run("pull_request", "alice")
    with pytest.raises(GitHubError, match="403 Resource not accessible by integration"):
        GitHub.of(github.job_environment(run, "report")).send("POST", "issues/1/comments", {"body": "fine"})


def test_a_file_without_permissions_gets_the_repository_s_default(github: FakeGitHub, workflows: Path) -> None:
    file = workflows / "pull-request.yml"
    file.write_text(
        file.read_text(encoding="utf-8")
        .replace("permissions: {}\n", "")
        .replace("    permissions: {pull-requests: write, issues: write}\n", ""),
        encoding="utf-8",
    )
    assert github.job(github.begin_run("pull_request", "alice"), "report").permissions == {
        "contents": "read",
        "packages": "read",
    }
    github.state.settings["actions/permissions/workflow"]["default_workflow_permissions"] = "write"
    run = github.begin_run("pull_request", "alice")
    assert github.job(run, "report").permissions["issues"] == "write"
    assert "id-token" not in github.job(run, "report").permissions


def test_a_job_s_empty_permissions_override_those_of_its_file(github: FakeGitHub, workflows: Path) -> None:
    file = workflows / "pull-request.yml"
    text = file.read_text(encoding="utf-8").replace("\npermissions: {}", "\npermissions: {contents: read}")
    text = text.replace("    permissions: {pull-requests: write, issues: write}\n", "")
    file.write_text(text.replace("  check:\n    permissions: {contents: read}", "  check:\n    permissions: {}"))
    run = github.begin_run("pull_request", "alice")
    assert github.job(run, "report").permissions == {"contents": "read"}
    assert github.job(run, "check").permissions == {}


def test_each_job_has_its_own_token_which_ends_with_the_job(github: FakeGitHub) -> None:
    run = github.begin_run("pull_request", "alice")
    report, check = (github.job_environment(run, name) for name in ("report", "check"))
    assert report["GITHUB_TOKEN"] != check["GITHUB_TOKEN"]
    github.finish(run, "report")
    with pytest.raises(GitHubError, match="401 Bad credentials"):
        GitHub.of(report).send("POST", "issues/1/comments", {"body": "late"})


def test_a_called_workflow_cannot_have_more_rights_than_its_caller(github: FakeGitHub, workflows: Path) -> None:
    file = workflows / "pull-request.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("{id-token: write, contents: read}", "{contents: read}"), encoding="utf-8")
    with pytest.raises(WorkflowInvalid, match=r"'plan' is requesting 'id-token: write', but is only allowed"):
        github.begin_run("pull_request", "alice")


def test_without_id_token_permission_a_job_has_no_identity(github: FakeGitHub) -> None:
    run = github.begin_run("pull_request", "alice")
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" not in github.job_environment(run, "report")
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" in github.job_environment(run, "plan/plan")


def test_before_its_approval_a_job_has_no_identity_and_no_api(github: FakeGitHub) -> None:
    run = github.begin_run("push", "bob")
    environ = github.job_environment(run, "apply")
    assert identity(environ).status_code == 403
    with pytest.raises(GitHubError, match="401"):
        GitHub.of(environ).get("commits/" + run.sha)
    github.approve(run, "prod", by="carol")
    assert identity(environ).status_code == 200
    assert GitHub.of(environ).get("commits/" + run.sha)["sha"] == run.sha


def test_a_rejected_job_has_no_identity(github: FakeGitHub) -> None:
    run = github.begin_run("push", "bob")
    environ = github.job_environment(run, "apply")
    github.reject(run, "prod", by="carol")
    assert identity(environ).status_code == 403


def test_a_job_s_identity_names_its_environment_and_workflow_file(github: FakeGitHub) -> None:
    run = github.begin_run("push", "bob")
    environ = github.job_environment(run, "apply")
    github.approve(run, "prod", by="carol")
    token = claims(github, environ)
    assert token["sub"] == "repo:acme/groundwork:environment:prod"
    assert token["environment"] == "prod"
    assert token["aud"] == "sts.amazonaws.com"
    assert token["job_workflow_ref"] == "acme/groundwork/.github/workflows/deploy.yml@refs/heads/main"


def test_without_its_environment_a_job_s_identity_names_only_the_branch(github: FakeGitHub, workflows: Path) -> None:
    file = workflows / "deploy.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("    environment: prod\n", ""), encoding="utf-8")
    run = github.begin_run("push", "bob")
    assert claims(github, github.job_environment(run, "apply"))["sub"] == "repo:acme/groundwork:ref:refs/heads/main"


def test_an_identity_in_a_called_workflow_names_the_called_file_and_ref(github: FakeGitHub) -> None:
    run = github.begin_run("pull_request", "alice")
    token = claims(github, github.job_environment(run, "plan/plan"))
    assert token["sub"] == "repo:acme/groundwork:environment:dev-pull-request"
    assert token["ref"] == f"refs/pull/{run.pull_request}/merge"
    assert token["job_workflow_ref"] == "acme/groundwork/.github/workflows/plan.yml@refs/heads/main"
    assert token["workflow_ref"].endswith(f"pull-request.yml@refs/pull/{run.pull_request}/merge")


def test_the_subject_of_a_new_repository_has_its_numbers(workflows: Path) -> None:
    with FakeGitHub(workflows=workflows, immutable_subject=True) as fake:
        fake.environment("prod-plan")
        run = fake.begin_run("push", "bob")
        token = claims(fake, fake.job_environment(run, "plan"))
    assert token["sub"] == "repo:acme@123456/groundwork@456789:environment:prod-plan"


@pytest.mark.parametrize(("actor", "fork"), [("mallory", True), ("dependabot[bot]", False)])
def test_forks_and_dependabot_may_only_read_and_have_no_identity(github: FakeGitHub, actor: str, fork: bool) -> None:
    run = github.begin_run("pull_request", actor, fork=fork)
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" not in github.job_environment(run, "plan/plan")
    with pytest.raises(GitHubError, match="403 Resource not accessible"):
        GitHub.of(github.job_environment(run, "report")).send("POST", "issues/1/comments", {"body": "hello"})


def test_a_branch_that_the_environment_does_not_allow_cannot_deploy(github: FakeGitHub) -> None:
    run = github.begin_run("push", "bob", ref="refs/heads/elsewhere")
    with pytest.raises(DeploymentNotAllowed, match='"elsewhere" is not allowed to deploy to prod'):
        github.job_environment(run, "apply")


def test_an_unknown_environment_is_made_without_protection(workflows: Path) -> None:
    with FakeGitHub(workflows=workflows) as fake:
        environ = fake.job_environment(fake.begin_run("push", "bob"), "apply")
        assert identity(environ).status_code == 200
        assert fake.state.environments["prod"].json()["protection_rules"] == []


def test_only_reviewers_approve_and_not_their_own_run(github: FakeGitHub) -> None:
    run = github.begin_run("push", "bob")
    github.job_environment(run, "apply")
    with pytest.raises(Refusal, match="Validation Failed"):
        github.approve(run, "prod", by="mallory")
    with pytest.raises(Refusal, match="Validation Failed"):
        github.approve(run, "prod", by="bob")
    with pytest.raises(Refusal, match="No pending deployment requests"):
        github.approve(run, "prod-plan", by="carol")


def test_a_run_that_is_started_again_waits_again(github: FakeGitHub) -> None:
    run = github.begin_run("push", "bob")
    first = github.job_environment(run, "apply")
    github.approve(run, "prod", by="carol")
    second = github.job_environment(github.rerun(run, by="bob"), "apply")
    assert second["GITHUB_RUN_ATTEMPT"] == "2"
    assert identity(second).status_code == identity(first).status_code == 403


def test_a_runner_in_another_process_can_fetch_a_job_s_variables(github: FakeGitHub) -> None:
    run = github.begin_run("push", "bob")
    where, headers = f"{github.url}/_fake/runs/{run.id}/apply", {"Authorization": f"Bearer {github.control_token}"}
    assert httpx.get(where, headers=headers).json()["waiting"]
    github.approve(run, "prod", by="carol")
    github.state.variables["EVERYWHERE"] = "1"
    answer = httpx.get(where, headers=headers).json()
    assert not answer["waiting"]
    assert answer["environment"] == github.job_environment(run, "apply")
    assert answer["variables"] == {"EVERYWHERE": "1"}
    assert httpx.get(where, headers={"Authorization": "Bearer guessed"}).status_code == 401


def test_an_environment_from_a_matrix_or_an_input_is_filled_in(github: FakeGitHub, workflows: Path) -> None:
    file = workflows / "deploy.yml"
    text = file.read_text(encoding="utf-8").replace("environment: prod\n", "environment: ${{ matrix.to }}\n")
    file.write_text(text, encoding="utf-8")
    run = github.begin_run("push", "bob")
    assert github.job(run, "apply", matrix={"to": "prod"}).waiting
    with pytest.raises(ValueError, match=r"matrix\.to .* has no value here"):
        github.job(run, "apply")


def test_inputs_are_passed_on_to_called_workflows(tmp_path: Path) -> None:
    called = "on: {workflow_call: {inputs: {environment: {type: string}, kind: {default: plan}}}}\n"
    job = "{permissions: {}, environment: '${{ inputs.environment }}-${{ inputs.kind }}', runs-on: x, steps: []}"
    (tmp_path / "called.yml").write_text(f"{called}jobs: {{job: {job}}}\n", encoding="utf-8")
    calls = "{uses: ./.github/workflows/called.yml, with: {environment: '${{ inputs.environment }}'}}"
    begin = "on: {workflow_dispatch: {inputs: {environment: {default: dev}}}}\npermissions: {}\n"
    (tmp_path / "caller.yml").write_text(f"{begin}jobs: {{call: {calls}}}\n", encoding="utf-8")
    with FakeGitHub(workflows=tmp_path) as fake:
        run = fake.begin_run("workflow_dispatch", "bob")
        assert fake.job(run, "call/job").environment == "dev-plan"
        run = fake.begin_run("workflow_dispatch", "bob", inputs={"environment": "prod"})
        assert fake.job(run, "call/job").environment == "prod-plan"
