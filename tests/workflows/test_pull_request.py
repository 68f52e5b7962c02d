"""The workflow of a pull request plans with main's code, writes one report, and applies nothing."""

from __future__ import annotations

import json
import re

import pytest

from tests.workflows.pipeline import Outcome, Pipeline

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.xdist_group("workflows")]

SMUGGLED = '{"external": {"secrets": {"program": ["sh", "-c", "env >&2"]}}}'


def green(github: Pipeline) -> None:
    github.edit("main.py", '"dev": "blue"', '"dev": "green"')


def dev_alone(github: Pipeline) -> None:
    """Plan only dev, to save time."""
    file = github.origin / ".github" / "workflows" / "pull-request.yml"
    text = re.sub(r"  plan-(staging|prod):\n(    .*\n)+", "", file.read_text(encoding="utf-8"))
    text = re.sub(r"      - if: needs\.plan-(staging|prod)\.outputs.*\n(        .*\n)+", "", text)
    file.write_text(text.replace(", plan-staging, plan-prod", ""), encoding="utf-8")


def statuses(run: Outcome, environment: str) -> dict[str, str]:
    """Stack → what its plan says, in the report of the plan job."""
    reported = json.loads((run.artifact(f"report-{environment}") / f"{environment}.json").read_text())
    return {entry["stack"]: entry["status"] for entry in reported}


def signed_in(run: Outcome) -> list[str]:
    return [note for note in run.notes if "signed in" in note]


@pytest.mark.row("4.23")
def test_a_pull_request_gets_one_report_of_every_stack(github: Pipeline) -> None:
    number = github.open_pull_request(lambda: green(github))
    run = github.on_pull_request(number)
    assert run.end(), run.log
    (comment,) = github.github.state.comments.values()
    assert comment["user"]["login"] == "github-actions[bot]"
    assert "`terraform_data.page`" in comment["body"]
    assert '+ input = "green"' in comment["body"]
    assert "1 of 6 stacks affected in dev" in comment["body"]
    # The result of planning is beside it.
    assert "**change**<br>+1 ~0 −0 · wave 1" in comment["body"]  # noqa: RUF001 - as it is written
    assert "**Terraform's plan**" in comment["body"]
    # Findings are annotations, which GitHub shows beside the lines.
    assert run.did("check", "gw check --annotations --sarif sarif/checks.sarif")[0].endswith("ended 0")
    assert run.did("report", "gw github annotate --from review/review.json")[0].endswith("ended 0")
    assert json.loads((run.folder / "sarif" / "checks.sarif").read_text())["version"] == "2.1.0"
    pull = github.github.state.pulls[number]
    assert run.did("report", f"uploaded SARIF of refs/pull/{number}/head at {pull.head_sha}")
    # Each environment is planned by main's code, with its read-only role for pull requests.
    main = github.git("rev-parse", "main")
    assert len(signed_in(run)) == 3
    for environment in ("dev", "staging", "prod"):
        job = f"plan:{environment}"
        assert run.did(job, f"head {main}")
        (preflight,), (signed,) = run.did(job, "gw preflight --out cdktf.out"), run.did(job, "signed in")
        assert signed.endswith(f"acme-{environment}-delivery-plan-pull-request")
        assert run.notes.index(preflight) < run.notes.index(signed)
    assert run.did("report", f"head {main}")
    assert not [note for note in run.notes if note.startswith(("check:", "synthesise:")) and "with cred" in note]
    # What differs from main is planned once and shown; no plan is stored, and nothing was applied.
    assert statuses(run, "dev") == {"dev-delivery": "untouched", "dev-web": "change"}
    assert statuses(run, "prod") == {"prod-delivery": "untouched", "prod-web": "untouched"}
    assert run.did("plan:dev", "gw synth dev without credentials ended 0")
    assert not run.did("plan:dev", "gw plan make")
    assert not github.cloud.plans("dev")
    assert github.colour() == ""
    # The next push updates the comment.
    again = github.on_pull_request(number)
    assert again.end(), again.log
    assert len(github.github.state.comments) == 1


def test_a_merge_queue_gets_the_required_check_without_plans(github: Pipeline) -> None:
    number = github.open_pull_request(lambda: green(github))
    run = github.on_merge_group(number)
    assert run.end(), run.log
    assert run.did("check", "gw check --annotations --sarif sarif/checks.sarif")
    assert run.did("synthesise", "gw preflight --canaries")
    assert not signed_in(run)
    assert not [note for note in run.notes if note.startswith(("plan", "report"))]


def test_a_fork_gets_no_credentials_and_a_report_instead_of_a_comment(github: Pipeline) -> None:
    number = github.open_pull_request(lambda: green(github), author="mallory", fork=True)
    run = github.on_pull_request(number)
    assert run.end(), run.log
    assert not signed_in(run)
    assert not [note for note in run.notes if note.startswith("plan")]
    assert github.github.state.comments == {}
    assert '+ input = "green"' in (run.folder / "summary.md").read_text()
    review = json.loads((run.artifact("review") / "review.json").read_text())
    assert [stack["stack"] for stack in review["stacks"] if stack["state"] == "changed"] == ["dev-web"]


def test_a_smuggled_data_source_stops_the_plan_before_it_has_credentials(github: Pipeline) -> None:
    def smuggle() -> None:
        dev_alone(github)
        green(github)
        github.edit("main.py", '        **({"resource":', f'        "data": {SMUGGLED},\n        **({{"resource":')
        # Removing the check does not help, because main's plan workflow is run.
        github.edit(".github/workflows/plan.yml", "gw preflight --out cdktf.out", "echo passed")
        github.edit(".github/workflows/pull-request.yml", "      - run: gw preflight --canaries\n", "")

    run = github.on_pull_request(github.open_pull_request(smuggle))
    assert not run.end()
    (preflight,) = run.did("plan:dev", "gw preflight --out cdktf.out")
    assert preflight.endswith("ended 13")
    assert "data-source-not-allowed" in run.log
    assert not signed_in(run)
    assert not [note for note in run.notes if "gw diff" in note or "gw plan" in note]


def test_a_pull_request_s_own_plan_workflow_may_assume_no_role(github: Pipeline) -> None:
    def bring() -> None:
        dev_alone(github)
        github.edit(
            ".github/workflows/pull-request.yml",
            "acme/groundwork/.github/workflows/plan.yml@main",
            "./.github/workflows/plan.yml",
        )

    run = github.on_pull_request(github.open_pull_request(bring))
    assert not run.end()
    assert not signed_in(run)
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in run.log


def test_a_pull_request_s_job_cannot_use_the_environment_of_main_s_plans(github: Pipeline) -> None:
    """The environments of main's plans and of the apply allow only main."""

    def ask() -> None:
        dev_alone(github)
        github.edit(".github/workflows/pull-request.yml", "kind: pull-request", "kind: plan")

    run = github.on_pull_request(github.open_pull_request(ask))
    assert not run.end()
    assert not signed_in(run)
    assert not [note for note in run.notes if "gw diff" in note or "gw plan" in note]


@pytest.mark.row("4.23")
def test_a_pull_request_that_fails_its_checks_is_reported_but_not_ready(github: Pipeline) -> None:
    def fail() -> None:
        dev_alone(github)
        green(github)
        checked = "setup pipeline check audit:\n\t@true"
        github.edit("Makefile", checked, "setup pipeline audit:\n\t@true\ncheck:\n\t@false")

    run = github.on_pull_request(github.open_pull_request(fail))
    assert not run.end()
    assert len(github.github.state.comments) == 1
    assert "Failure - Main Check that every job succeeded" in run.log
