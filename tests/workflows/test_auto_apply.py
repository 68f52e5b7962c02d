"""With `delivery.auto_apply` a harmless change is applied at once, and every other one still waits for a person."""

from __future__ import annotations

import pytest

from tests.workflows.pipeline import Pipeline
from tests.workflows.test_deploy import APPLY, SIGN_IN, green

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

UNATTENDED = "apply:dev-auto"


def switch_on(github: Pipeline) -> None:
    github.edit("environments/dev.yaml", "auto_apply: null", "auto_apply: {highest_finding: low}")


def deploy_once(github: Pipeline) -> None:
    """The first apply of a stack waits for a person, because nothing shows what differs."""
    github.push(lambda: (switch_on(github), green(github)))
    github.set_up()
    github.cloud.trust_unattended("dev")
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    assert "dev-web was never applied by the pipeline" in (run.folder / "summary.md").read_text()
    github.github.approve(run.run, "dev", by="carol")
    assert run.end(), run.log


def test_a_harmless_change_waits_for_nobody_and_others_wait(github: Pipeline) -> None:
    deploy_once(github)
    github.push(lambda: github.edit("main.py", '"dev": "green"', '"dev": "red"'))
    run = github.on_push()
    assert run.end(), run.log
    assert github.colour() == "red"
    assert run.did(UNATTENDED, SIGN_IN)
    assert run.did(UNATTENDED, "--auto with credentials ended 0")
    assert not run.did(APPLY, "checkout")
    assert not run.did("waits:dev", "gw github waits")
    assert github.cloud.audit("dev")[-4:] == ["planned", "auto-approved", "applied", "deployed"]
    shown = (run.folder / "summary.md").read_text()
    assert "**Applied without approval** by the value `delivery.auto_apply`" in shown
    assert "These plans of dev are not compared with a pull request" in shown, "its workflow did not run here"
    bodies = [comment["body"] for comment in github.github.state.comments.values()]
    without = "applied to dev without approval, by the value delivery.auto_apply."
    assert any(without in body for body in bodies), "\n".join([*bodies, *run.notes])

    github.push(lambda: github.edit("main.py", '"dev": "red"', '"dev": ""'))
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    assert "dev-web terraform\\_data.page: destroy" in (run.folder / "summary.md").read_text()
    assert not run.did(UNATTENDED, "checkout")


def test_with_the_value_off_a_run_that_claims_it_is_refused(github: Pipeline) -> None:
    """Whatever the plan job's output says: neither the gate nor, on AWS, the role's trust believes it."""

    def change() -> None:
        green(github)
        command = 'gw plan auto --summary "$GITHUB_STEP_SUMMARY"'
        github.edit(".github/workflows/plan.yml", command, "echo auto=true")

    github.push(change)
    made = github.github.environment("dev-auto")
    made.variables.update(github.github.state.environments["dev"].variables)
    github.cloud.trust_unattended("dev")
    run = github.on_push()
    assert not run.end(), run.log
    assert run.did(UNATTENDED, "--auto with credentials ended 13"), run.log
    assert "auto-apply-off" in run.log
    assert github.colour() == ""
