"""Removing `permissions:` or `environment:` from a workflow file only takes rights away."""

from __future__ import annotations

import pytest

from tests.workflows.pipeline import Outcome, Pipeline

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.xdist_group("workflows")]

PLAN = "    permissions:\n      contents: read\n      id-token: write\n"
APPLY = (
    "    permissions:\n      actions: read\n      contents: read\n      deployments: read\n"
    "      id-token: write\n      pull-requests: read\n"
)
REPORT = "      pull-requests: write\n"


def merged_without(github: Pipeline, file: str, text: str, *, role: str = "") -> Outcome:
    """Deploy after a text was removed from a file; with `role` the file names that role instead of a variable."""

    def change() -> None:
        github.edit(f".github/workflows/{file}", text, "")
        if role:
            name = f"arn:aws:iam::210987654321:role/acme-dev-delivery-{role}"
            github.edit(f".github/workflows/{file}", "${{ vars.AWS_ROLE_ARN }}", name)
            github.edit(f".github/workflows/{file}", "${{ vars.AWS_REGION }}", "eu-west-2")
        github.edit("main.py", '"dev": "blue"', '"dev": "green"')

    github.push(change)
    return github.on_push()


def nothing_is_applied(github: Pipeline, run: Outcome, error: str) -> None:
    assert not run.end()
    assert not run.did("apply:dev", "signed in")
    assert error in run.log
    assert github.colour() == ""


def test_an_apply_without_environment_may_assume_no_role(github: Pipeline) -> None:
    run = merged_without(
        github, "apply.yml", "    environment: ${{ inputs.environment }}${{ inputs.suffix }}\n", role="apply"
    )
    nothing_is_applied(github, run, "sts:AssumeRoleWithWebIdentity")
    assert run.did("apply:dev", "refused")


def test_an_apply_without_permissions_has_no_identity(github: Pipeline) -> None:
    run = merged_without(github, "apply.yml", APPLY)
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="carol")
    nothing_is_applied(github, run, "the job has no permission id-token: write")


def test_an_apply_that_may_not_read_approvals_is_refused(github: Pipeline) -> None:
    run = merged_without(github, "apply.yml", "      actions: read\n")
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="carol")
    assert not run.end()
    assert "permissions: {actions: read}" in run.log
    assert github.colour() == ""


def test_a_plan_without_environment_may_assume_no_role(github: Pipeline) -> None:
    run = merged_without(
        github, "plan.yml", "    environment: ${{ inputs.environment }}-${{ inputs.kind }}\n", role="plan"
    )
    nothing_is_applied(github, run, "sts:AssumeRoleWithWebIdentity")
    assert not run.did("plan:dev", "signed in")


def test_a_plan_without_permissions_has_no_identity(github: Pipeline) -> None:
    run = merged_without(github, "plan.yml", PLAN)
    nothing_is_applied(github, run, "the job has no permission id-token: write")


def test_a_report_without_permission_writes_no_comment(github: Pipeline) -> None:
    number = github.open_pull_request(lambda: github.edit(".github/workflows/pull-request.yml", REPORT, ""))
    run = github.on_pull_request(number)
    assert run.end(), run.log
    assert github.github.state.comments == {}
