"""A pull request is opened, and its workflow file runs: planned by main's code, reported once, nothing applied."""

from __future__ import annotations

import json

import pytest

from tests.workflows.pipeline import Outcome, Pipeline

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

SMUGGLED = '{"external": {"secrets": {"program": ["sh", "-c", "env >&2"]}}}'


def green(github: Pipeline) -> None:
    github.edit("main.py", '"dev": "blue"', '"dev": "green"')


def dev_alone(github: Pipeline) -> None:
    """Where one environment shows it, the others would only take time."""
    github.edit(".github/workflows/pull-request.yml", "[dev, staging, prod]", "[dev]")


def signed_in(run: Outcome) -> list[str]:
    return [note for note in run.notes if "signed in" in note]


def test_a_pull_request_gets_one_report_of_every_stack(github: Pipeline) -> None:
    number = github.open_pull_request(lambda: green(github))
    run = github.on_pull_request(number)
    assert run.end(), run.log
    (comment,) = github.github.state.comments.values()
    assert comment["user"]["login"] == "github-actions[bot]"
    assert "`terraform_data.page`" in comment["body"]
    assert '+ input = "green"' in comment["body"]
    assert "1 of 6 stacks affected in dev" in comment["body"]
    # What planning found is beside it.
    assert "**change**<br>+1 ~0 −0 · wave 1" in comment["body"]  # noqa: RUF001 - as it is written
    assert "**Terraform's plan**" in comment["body"]
    # Findings are told where GitHub shows them beside the lines.
    assert run.did("check", "gw check --annotations --sarif sarif/checks.sarif")[0].endswith("ended 0")
    assert run.did("report", "gw github annotate --from review/review.json")[0].endswith("ended 0")
    assert json.loads((run.folder / "sarif" / "checks.sarif").read_text())["version"] == "2.1.0"
    # Each environment is planned as its role for pull requests, which reads, and by what main's code makes of it.
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
    # What was planned is kept where nobody applies from, and nothing happened.
    assert all(key.startswith(f"pull-request/{number}/") for key in github.cloud.plans("dev"))
    assert github.colour() == ""
    # The next push updates the comment.
    again = github.on_pull_request(number)
    assert again.end(), again.log
    assert len(github.github.state.comments) == 1


def test_a_fork_gets_no_credential_and_no_comment_but_a_report(github: Pipeline) -> None:
    number = github.open_pull_request(lambda: green(github), author="mallory", fork=True)
    run = github.on_pull_request(number)
    assert run.end(), run.log
    assert not signed_in(run)
    assert not [note for note in run.notes if note.startswith("plan")]
    assert github.github.state.comments == {}
    assert '+ input = "green"' in (run.folder / "summary.md").read_text()
    review = json.loads((run.artifact("review") / "review.json").read_text())
    assert [stack["stack"] for stack in review["stacks"] if stack["state"] == "changed"] == ["dev-web"]


def test_a_smuggled_data_source_stops_the_plan_before_there_is_anything_to_take(github: Pipeline) -> None:
    def smuggle() -> None:
        dev_alone(github)
        green(github)
        github.edit("main.py", '        **({"resource":', f'        "data": {SMUGGLED},\n        **({{"resource":')
        # It does not help to take the check out: the plan workflow is main's.
        github.edit(".github/workflows/plan.yml", "gw preflight --out cdktf.out", "echo passed")
        github.edit(".github/workflows/pull-request.yml", "      - run: gw preflight --canaries\n", "")

    run = github.on_pull_request(github.open_pull_request(smuggle))
    assert not run.end()
    (preflight,) = run.did("plan:dev", "gw preflight --out cdktf.out")
    assert preflight.endswith("ended 13")
    assert "data-source-not-allowed" in run.log
    assert not signed_in(run)
    assert not [note for note in run.notes if "gw diff" in note or "gw plan" in note]


def test_a_plan_workflow_of_the_pull_request_s_own_is_nobody(github: Pipeline) -> None:
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


def test_a_job_that_asks_for_main_s_role_in_a_pull_request_is_not_let_in(github: Pipeline) -> None:
    """The environment of main's plans, and that of the apply, admit main alone."""

    def ask() -> None:
        dev_alone(github)
        github.edit(".github/workflows/pull-request.yml", "kind: pull-request", "kind: plan")

    run = github.on_pull_request(github.open_pull_request(ask))
    assert not run.end()
    assert not signed_in(run)
    assert not [note for note in run.notes if "gw diff" in note or "gw plan" in note]


def test_what_fails_its_checks_is_reported_all_the_same_and_not_ready(github: Pipeline) -> None:
    def fail() -> None:
        dev_alone(github)
        green(github)
        github.edit("Makefile", "setup pipeline check:\n\t@true", "setup pipeline:\n\t@true\ncheck:\n\t@false")

    run = github.on_pull_request(github.open_pull_request(fail))
    assert not run.end()
    assert len(github.github.state.comments) == 1
    assert "Failure - Main Every job has succeeded" in run.log
