"""A merged change waits for somebody who had no part in it, and then exactly that is applied; otherwise it is not."""

from __future__ import annotations

import pytest

from tests.workflows.pipeline import Outcome, Pipeline

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

APPLY, SIGN_IN = "apply:dev", "signed in as arn:aws:iam::210987654321:role/acme-dev-delivery-apply"


def green(github: Pipeline) -> None:
    github.edit("main.py", '"dev": "blue"', '"dev": "green"')


def refused(github: Pipeline, run: Outcome, *codes: str) -> None:
    """The gate said no in dev, for these reasons, and nothing happened."""
    assert not run.end()
    assert run.did(APPLY, "gw deploy dev"), run.log
    (ended,) = run.did(APPLY, "gw deploy dev")
    assert ended.endswith("with credentials ended 13"), run.log
    for code in codes:
        assert code in run.log
    assert github.colour() == ""
    assert github.cloud.audit("dev")[-1] == "refused"


def test_a_merged_change_waits_and_is_applied_once_somebody_else_agrees(github: Pipeline) -> None:
    github.push(lambda: green(github))
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    assert run.did("plan:dev", "signed in as arn:aws:iam::210987654321:role/acme-dev-delivery-plan")
    assert not run.did(APPLY, "signed in")
    assert github.colour() == ""
    # Who approves reads in the run what is done to which stack.
    shown = (run.folder / "summary.md").read_text()
    assert "| <code>dev-web</code> | change | 1 | 0 | 0 | 0 |" in shown
    assert "create <code>terraform&#95;data.page</code>" in shown
    assert "green" not in shown
    github.github.approve(run.run, "dev", by="carol")
    assert run.end(), run.log
    assert github.colour() == "green"
    assert run.did(APPLY, SIGN_IN)
    assert run.did("synthesise", "gw synth without credentials")
    assert github.cloud.audit("dev") == ["planned", "approved", "applied"]
    # The next environment is planned behind it; nothing changes there, so nobody is asked.
    assert run.did("plan:staging", "gw plan push")
    assert not run.did("apply:staging", "checkout")
    assert not run.did("plan:prod", "checkout")


def test_whose_change_it_is_cannot_approve_it_and_the_apply_alone_is_not_run_again(github: Pipeline) -> None:
    github.push(lambda: green(github), author="alice")
    run = github.on_push(by="bob")
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="alice")
    refused(github, run, "approval-by-author", "author of pull request #1")

    again = github.rerun_apply(run, "dev", by="bob")
    github.wait_for_approval(again, "dev")
    github.github.approve(again.run, "dev", by="carol")
    refused(github, again, "rerun-without-plan")


def test_what_cannot_be_planned_before_an_apply_is_planned_after_it_and_waits_for_a_yes_of_its_own(
    github: Pipeline,
) -> None:
    github.push(lambda: github.edit("main.py", "COPIES = {}", 'COPIES = {"dev": 2}'))
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="carol")
    run.wait_for(APPLY, "gw deploy dev")
    assert github.state("dev-copy") is None
    github.wait_for_approval(run, "dev")
    github.github.approve(run.run, "dev", by="dave")
    # What waits for that one in turn is no success, and the next environment does not begin.
    assert not run.end()
    assert "stacks still wait for outputs of what was applied now: start the deployment again" in run.log
    assert github.state("dev-copy-copy") is None
    assert not run.did("plan:staging", "checkout")
    (copy,) = [one for one in (github.state("dev-copy") or {})["resources"] if one["mode"] == "managed"]
    assert (
        copy["instances"][0]["attributes"]["input"]["value"]
        == (github.state("dev-web") or {})["outputs"]["id"]["value"]
    )
    assert len(run.did("plan:dev", "gw plan push")) == len(run.did(APPLY, "gw deploy dev")) == 2
    assert github.cloud.audit("dev") == ["planned", "approved", "applied"] * 2


def test_an_environment_that_nobody_guards_takes_nothing(github: Pipeline) -> None:
    github.push(lambda: green(github))
    github.github.environment("dev", reviewers=())
    run = github.on_push()
    refused(github, run, "environment-unprotected", "approval-missing")


def test_what_is_rejected_never_begins(github: Pipeline) -> None:
    github.push(lambda: green(github))
    run = github.on_push()
    github.wait_for_approval(run, "dev")
    github.github.reject(run.run, "dev", by="carol")
    assert not run.end()
    assert not run.did(APPLY, "signed in")
    assert github.colour() == ""


def test_a_tag_that_is_not_on_main_is_not_even_synthesised(github: Pipeline) -> None:
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


def test_a_tag_of_what_nobody_reviewed_meets_no_credential_even_with_files_of_its_own(github: Pipeline) -> None:
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


def test_a_tag_on_main_goes_to_prod_and_its_release_is_signed_before_it_is_pushed(github: Pipeline) -> None:
    github.push(lambda: github.edit("main.py", '"prod": ""', '"prod": "green"'))
    github.git("tag", "v1.0.0")
    run = github.on_push(ref="refs/tags/v1.0.0")
    github.wait_for_approval(run, "prod")
    github.github.approve(run.run, "prod", by="carol")
    assert run.end(), run.log
    assert github.colour("prod") == "green"
    assert not run.did("plan:dev", "checkout")
    attested = run.did("attest", "attested the origin of service.tgz, populate.zip, users.oci.tar")
    pushed = run.did("push:prod", "helm push dist/service.tgz oci://@REGISTRY/charts with credentials")
    image = "skopeo copy --preserve-digests oci-archive:dist/users.oci.tar docker://@REGISTRY/users:v1.0.0 with cred"
    assert run.notes.index(attested[0]) < run.notes.index(pushed[0]) < run.notes.index(run.did("push:prod", image)[0])
    assert run.did("push:prod", "signed in as arn:aws:iam::432109876543:role/acme-prod-delivery-release")
    assert run.did("attest", "attested the SBOM")
