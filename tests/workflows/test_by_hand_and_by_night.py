"""Workflows started by hand or at night: a stack is destroyed after two confirmations, and drift is reported."""

from __future__ import annotations

import pytest

from tests.workflows.pipeline import Pipeline

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.xdist_group("workflows")]


def deployed(github: Pipeline) -> None:
    """Let the pipeline deploy dev-web."""
    github.push(lambda: github.edit("main.py", '"dev": "blue"', '"dev": "green"'))
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="carol")
    run.wait_for("apply:dev", "gw deploy")
    run.stop()
    assert github.colour() == "green"


def test_a_stack_is_destroyed_after_its_name_was_typed_and_approved(github: Pipeline) -> None:
    deployed(github)
    mistyped = github.on_dispatch("destroy.yml", environment="dev", stack="dev-web", confirm="dev-wep")
    assert not mistyped.end()
    assert mistyped.notes == []
    elsewhere = github.on_dispatch("destroy.yml", environment="staging", stack="dev-web", confirm="dev-web")
    assert not elsewhere.end()
    assert elsewhere.notes == []

    # Its code is removed before, so the bundle that was applied last is planned for destruction.
    github.push(lambda: github.edit("main.py", '"dev": "green"', '"dev": None'))
    run = github.on_dispatch("destroy.yml", environment="dev", stack="dev-web", confirm="dev-web")
    github.wait_for_approval(run, "dev")
    planned = "gw plan make --destroy dev-web --skip-synth --lock-timeout 600 with credentials ended 0"
    assert run.did("plan:dev", planned)
    assert github.colour() == "green"
    github.github.approve(run.run, "dev", by="carol")
    assert run.end(), run.log
    assert github.colour() == ""
    assert (github.state("dev-web") or {})["resources"] == []


def test_one_job_reads_drift_from_aws_and_another_writes_the_issues(github: Pipeline) -> None:
    run = github.on_dispatch("drift.yml")
    assert run.end(), run.log
    for environment in ("dev", "staging", "prod"):
        job = f"plan:{environment}"
        assert run.did(job, "signed in")[0].endswith(f"acme-{environment}-delivery-plan")
        assert run.did(job, f"gw drift {environment} --skip-synth --lock-timeout 600 --json with credentials")
        assert not run.did(job, "gw plan")
    (reported,) = run.did("issues", "gw drift --issues --from reported")
    assert reported.endswith("without credentials ended 20")  # nothing is deployed yet, and nothing drifted
    assert github.github.state.issues == {}
