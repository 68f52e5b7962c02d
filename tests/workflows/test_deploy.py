"""A merged change waits for the approval of somebody who did not contribute, and is applied exactly as planned."""

from __future__ import annotations

import pytest

from tests.workflows.pipeline import Outcome, Pipeline

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.xdist_group("workflows")]

APPLY, SIGN_IN = "apply:dev", "signed in as arn:aws:iam::210987654321:role/acme-dev-delivery-apply"


def green(github: Pipeline) -> None:
    github.edit("main.py", '"dev": "blue"', '"dev": "green"')


def refused(github: Pipeline, run: Outcome, *codes: str) -> None:
    """Assert that the gate of dev refused with these codes and nothing was applied."""
    assert not run.end()
    assert run.did(APPLY, "gw deploy dev"), run.log
    (ended,) = run.did(APPLY, "gw deploy dev")
    assert ended.endswith("with credentials ended 13"), run.log
    for code in codes:
        assert code in run.log
    assert github.colour() == ""
    assert github.cloud.audit("dev")[-1] == "refused"


@pytest.mark.row("4.24")
def test_a_merged_change_is_applied_after_somebody_else_approves_it(github: Pipeline) -> None:
    github.push(lambda: green(github))
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    assert run.did("plan:dev", "signed in as arn:aws:iam::210987654321:role/acme-dev-delivery-plan")
    assert not run.did(APPLY, "signed in")
    assert github.colour() == ""
    # The approver sees in the run's summary what changes in which stack.
    shown = (run.folder / "summary.md").read_text()
    assert "| <code>dev-web</code> | change | 1 | 0 | 0 | 0 |" in shown
    assert "**create** `terraform_data.page`" in shown
    assert '+ input = "green"' in shown
    github.github.approve(run.run, "dev", by="carol")
    assert run.end(), run.log
    assert github.colour() == "green"
    assert run.did(APPLY, SIGN_IN)
    assert run.did("synthesise", "gw synth without credentials")
    assert github.cloud.audit("dev") == ["planned", "approved", "applied", "deployed"]
    # The merged pull request gets the result, and only of environments in which something was applied.
    bodies = [comment["body"] for comment in github.github.state.comments.values()]
    assert ["applied to dev. [The run]" in body for body in bodies] == [True], (bodies, run.log)
    assert run.did("waits:dev", "gw github waits dev without credentials ended 0")
    # The next environment is planned after it; nothing changes there, so no approval is needed.
    assert run.did("plan:staging", "gw plan push")
    assert not run.did("apply:staging", "checkout")
    assert not run.did("plan:prod", "checkout")


def test_an_author_cannot_approve_and_an_apply_is_not_rerun_without_plan(github: Pipeline) -> None:
    github.push(lambda: green(github), author="alice")
    run = github.on_push(by="bob")
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="alice")
    refused(github, run, "approval-by-author", "author of pull request #1")

    again = github.rerun_apply(run, "dev", by="bob")
    github.wait_for_approval(again, "dev")
    github.github.approve(again.run, "dev", by="carol")
    refused(github, again, "rerun-without-plan")


def test_a_stack_that_waits_for_an_apply_is_planned_and_approved_after_it(github: Pipeline) -> None:
    github.push(lambda: github.edit("main.py", "COPIES = {}", 'COPIES = {"dev": 2}'))
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="carol")
    run.wait_for(APPLY, "gw deploy dev")
    assert github.state("dev-copy") is None
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="dave")
    # Another stack still waits, so the run fails, and the next environment does not begin.
    assert not run.end()
    assert "stacks still wait for outputs of the stacks applied now: start the deployment again" in run.log
    assert github.state("dev-copy-copy") is None
    assert not run.did("plan:staging", "checkout")
    resources = (github.state("dev-copy") or {})["resources"]
    (copy,) = [resource for resource in resources if resource["mode"] == "managed"]
    assert (
        copy["instances"][0]["attributes"]["input"]["value"]
        == (github.state("dev-web") or {})["outputs"]["id"]["value"]
    )
    assert len(run.did("plan:dev", "gw plan push")) == len(run.did(APPLY, "gw deploy dev")) == 2
    assert github.cloud.audit("dev") == ["planned", "approved", "applied"] * 2


def test_a_newer_deployment_cancels_the_one_that_waits_for_its_approval(github: Pipeline) -> None:
    github.push(lambda: green(github))
    older = github.on_push()
    # Both run beside the wait; act reports the end of neither.
    older.wait_for("supersede", "checkout")
    older.wait_for("waits:dev", "checkout")
    github.wait_for_approval(older, "dev")
    github.end_what_does_not_wait(older)
    github.push(lambda: github.edit("main.py", '"dev": "green"', '"dev": "red"'))
    newer = github.on_push()
    newer.wait_for("supersede", "gw github supersede without credentials ended 0")
    assert older.run.cancelled
    github.wait_for_approval(newer, "dev")
    assert not newer.run.cancelled
    assert github.colour() == ""


def test_nobody_is_asked_to_approve_what_a_later_commit_deploys(github: Pipeline) -> None:
    earlier = github.push(lambda: green(github))
    github.push(lambda: github.edit("main.py", '"dev": "green"', '"dev": "red"'))
    run = github.on_push(sha=earlier)
    assert run.end(), run.log
    assert run.did("plan:dev", "gw plan push")
    assert run.did("plan:dev", "gw github newest with credentials ended 0")
    assert not [note for note in run.notes if note.startswith("apply:")]


def test_nothing_is_applied_in_an_unprotected_environment(github: Pipeline) -> None:
    github.push(lambda: green(github))
    github.github.environment("dev", reviewers=())
    run = github.on_push()
    refused(github, run, "environment-unprotected", "approval-missing")


def test_after_a_rejection_the_apply_does_not_begin(github: Pipeline) -> None:
    github.push(lambda: green(github))
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    github.github.reject(run.run, "dev", by="carol")
    assert not run.end()
    assert not run.did(APPLY, "signed in")
    assert github.colour() == ""


def test_a_tag_that_is_not_on_main_is_not_synthesised(github: Pipeline) -> None:
    github.git("switch", "-q", "-c", "elsewhere")
    green(github)
    github.commit()
    github.git("tag", "v1.0.0")
    github.git("switch", "-q", "main")
    run = github.on_push(ref="refs/tags/v1.0.0")
    assert not run.end()
    assert run.did("synthesise", "checkout")
    assert not run.did("synthesise", "gw synth")
    assert not [note for note in run.notes if "signed in" in note]


def test_an_unreviewed_tag_with_its_own_workflow_gets_no_credentials(github: Pipeline) -> None:
    github.git("switch", "-q", "-c", "elsewhere")
    github.edit("main.py", '"prod": ""', '"prod": "mine"')
    github.edit(".github/workflows/deploy.yml", "is-ancestor HEAD refs/remotes/origin/main", "is-ancestor HEAD HEAD")
    github.commit(author="mallory")
    github.git("tag", "v6.6.6")
    github.git("switch", "-q", "main")
    run = github.on_push(ref="refs/tags/v6.6.6", by="mallory")
    assert not run.end()
    assert run.did("synthesise", "gw synth")
    assert run.did("plan:prod", "checkout") or run.did("build", "checkout")
    assert not [note for note in run.notes if note.startswith("plan:") and "gw " in note]
    assert not [note for note in run.notes if "signed in" in note or "attested" in note]


@pytest.mark.row("4.24")
def test_a_tag_on_main_is_deployed_to_prod_and_its_release_is_signed(github: Pipeline) -> None:
    github.push(lambda: github.edit("main.py", '"prod": ""', '"prod": "green"'))
    github.git("tag", "v1.0.0")
    run = github.on_push(ref="refs/tags/v1.0.0")
    github.wait_for_approval(run, "prod")
    github.github.approve(run.run, "prod", by="carol")
    assert run.end(), run.log
    assert github.colour("prod") == "green"
    assert not run.did("plan:dev", "checkout")
    attested = run.did("attest", "attested the origin of service-1.0.0.tgz, populate.zip, users.oci.tar")
    image = "skopeo copy --all --preserve-digests oci-archive:dist/users.oci.tar docker://@REGISTRY/users:v1.0.0 with"
    pushed = run.did("push:prod", image)
    charts = run.did("charts:prod", "gw charts publish prod dist/service-1.0.0.tgz with credentials ended 0")
    assert run.notes.index(attested[0]) < run.notes.index(pushed[0]) < run.notes.index(charts[0])
    for job, role in (("push:prod", "release-images"), ("charts:prod", "release-charts")):
        assert run.did(job, f"signed in as arn:aws:iam::432109876543:role/acme-prod-delivery-{role}")
    assert run.did("attest", "attested the SBOM")
