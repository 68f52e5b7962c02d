"""A bundle is applied only as it was planned: unchanged, from this commit, with these tools, and once."""

from __future__ import annotations

import dataclasses
import gzip
import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.errors import UsageError
from groundwork.gate import bundles, history
from groundwork.gate.facts import RunFacts
from groundwork.plan import digest, plans_file
from groundwork.plan.bundle import Index, Stored
from groundwork.refusals import Code
from tests.gate.gated_project import GatedProject, codes, only

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_approved_plans_are_not_refused_if_nothing_changed(project: GatedProject) -> None:
    project.push_plans()
    project.approve()
    assert project.refusals() == []


def test_refuses_bundle_tampered(project: GatedProject) -> None:
    """Edited Terraform or a swapped zip, with the old digest in the index and with a fitting one."""
    for path, content in (("stack/cdk.tf.json", b"{}"), ("stack/assets/fn.zip", b"somebody else's code")):
        index = project.push_plans()
        (stored,) = index.bundles
        body = _repacked(project.store.fetch(stored, index=index), path, content)
        key = f"{project.store.objects.key_of(stored.location)}.swapped"
        place = project.store.objects.put_new(key, body, media_type="application/gzip")
        swapped = stored.model_copy(update={"location": place.location, "version_id": place.version})
        _write(project, index, swapped)
        reason = only(project.refusals(), Code.BUNDLE_TAMPERED)
        assert reason.stack == "local-web"
        assert reason.command.startswith("gw plan make")

        _write(project, index, swapped.model_copy(update={"digest": digest.of_bytes(body)}))
        assert Code.BUNDLE_TAMPERED in codes(project.refusals()), "the MAC covers the digest"


def test_a_zip_that_is_swapped_after_extraction_is_noticed(project: GatedProject) -> None:
    project.push_plans()
    project.approve()

    def swap(stacks: Path) -> None:
        (stacks / "local-web" / "assets" / "fn.zip").write_text("somebody else's code")

    reason = only(project.refusals(meanwhile=swap), Code.BUNDLE_TAMPERED)
    assert "assets/fn.zip is changed" in reason.sentence


def test_an_added_file_and_a_link_in_place_of_a_file_are_noticed(project: GatedProject) -> None:
    project.push_plans()
    project.approve()
    reasons = project.refusals(meanwhile=lambda stacks: (stacks / "local-web" / "more.tf.json").write_text("{}"))
    assert "more.tf.json is new" in only(reasons, Code.BUNDLE_TAMPERED).sentence
    elsewhere = project.root / "main.py"

    def link(stacks: Path) -> None:
        (stacks / "local-web" / "assets" / "fn.zip").unlink()
        (stacks / "local-web" / "assets" / "fn.zip").symlink_to(elsewhere)

    assert "assets/fn.zip is changed" in only(project.refusals(meanwhile=link), Code.BUNDLE_TAMPERED).sentence


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: {"fingerprint": stored.mac},
        lambda stored: {"outcome": "no change"},
        lambda stored: {"wave": 7},
        lambda stored: {"stack": "local-other"},
    ],
    ids=["fingerprint", "outcome", "wave", "stack"],
)
def test_an_index_that_does_not_fit_its_bundles_is_noticed(
    project: GatedProject, change: Callable[[Stored], object]
) -> None:
    index = project.push_plans()
    (stored,) = index.bundles
    _write(project, index, stored.model_copy(update=change(stored)))  # type: ignore[arg-type]
    project.approve()
    assert codes(project.refusals()) == {Code.BUNDLE_TAMPERED}


def test_refuses_bundle_missing(project: GatedProject) -> None:
    (stored,) = project.push_plans().bundles
    project.approve()
    assert "no plan of it" in only(project.refusals("local-web", "local-more"), Code.BUNDLE_MISSING).sentence
    _, _, bucket, key = stored.location.split("/", 3)
    project.cloud.client("s3").delete_object(Bucket=bucket, Key=key, VersionId=stored.version_id)
    assert only(project.refusals(), Code.BUNDLE_MISSING).stack == "local-web"


def test_refuses_foreign_commit(project: GatedProject) -> None:
    planned = project.git("rev-parse", "HEAD")
    project.push_plans()
    project.approve()
    now = project.commit("somebody merged")
    sentence = only(project.refusals(), Code.FOREIGN_COMMIT).sentence
    assert planned[:12] in sentence
    assert now[:12] in sentence


def test_a_commit_that_is_not_on_main_is_not_applied(project: GatedProject) -> None:
    project.git("checkout", "-q", "-b", "feature")
    commit = project.commit("not merged")
    try:
        project.push_plans()
        project.approve()
        run = RunFacts(
            plans_file.read(project.index_path), "aws", commit, history.on_main(project.root, commit), "laptop", 1, ()
        )
        assert "not on main" in only(bundles.check_run(run), Code.FOREIGN_COMMIT).sentence
        project.git("branch", "-f", "main", "feature")
        assert history.on_main(project.root, commit)
        project.git("branch", "-m", "main", "other")
        with pytest.raises(UsageError, match="no branch main") as shallow:
            history.on_main(project.root, commit)
        assert "fetch-depth" in shallow.value.fix
        project.git("branch", "-m", "other", "main")
    finally:
        project.git("checkout", "-q", "main")


def test_refuses_rerun_without_plan(project: GatedProject) -> None:
    """The apply job is run again without its plan job; then the same plans are applied again."""
    project.push_plans()
    project.approve()
    again = only(project.refusals(run_attempt=2), Code.RERUN_WITHOUT_PLAN)
    assert "attempt 2, which has not planned" in again.sentence

    assert [result.stack for result in project.deploy()] == ["local-web"]
    applied = only(project.refusals(), Code.RERUN_WITHOUT_PLAN)
    assert applied.stack == "local-web"
    assert "applied already" in applied.sentence


def test_refuses_synth_differs(project: GatedProject) -> None:
    """The Python is edited: the plan has blue, the code red."""
    project.push_plans()
    project.approve()
    project.web("red")
    reasons = project.refusals()
    assert "cdk.tf.json is changed" in only(reasons, Code.SYNTH_DIFFERS).sentence
    assert "uncommitted changes" in only(reasons, Code.FOREIGN_COMMIT).sentence


def test_another_asset_or_a_removed_stack_is_another_synthesis(project: GatedProject) -> None:
    project.push_plans()
    project.approve()
    project.web(code="other code")
    assert "assets/fn.zip is changed" in only(project.refusals(), Code.SYNTH_DIFFERS).sentence
    project.drop("web")
    assert "does not synthesise this stack" in only(project.refusals(), Code.SYNTH_DIFFERS).sentence


def test_synthesis_at_the_gate_gets_no_credential(project: GatedProject) -> None:
    """The job that synthesises again to compare holds the credentials of an apply."""
    text = 'pathlib.Path("stacks.json").read_text()'
    project.edit("main.py", text, f'{text}.replace("blue", os.environ.get("AWS_SECRET_ACCESS_KEY", "blue"))')
    project.commit()
    project.push_plans()
    project.approve()
    used = project.workspace.tools
    job = dataclasses.replace(used, environ={**used.environ, "AWS_SECRET_ACCESS_KEY": "of-an-apply"})
    assert project.refusals(tools=job) == []


def test_leftovers_of_a_synthesis_are_refused_only_if_terraform_reads_them(project: GatedProject) -> None:
    folder = project.workspace.out / "stacks" / "local-web"
    folder.mkdir(parents=True)
    (folder / "old.zip").write_text("of last week")
    project.push_plans()
    project.approve()
    assert project.refusals() == []
    (folder / "old.tf.json").write_text("{}")
    project.push_plans()
    project.approve()
    assert "old.tf.json is missing" in only(project.refusals(), Code.SYNTH_DIFFERS).sentence


def test_refuses_tool_version_differs(project: GatedProject, tmp_path: Path) -> None:
    project.push_plans()
    project.approve()
    real = project.cloud.program
    other = tmp_path / "terraform"
    other.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo \'{{"terraform_version": "1.99.0"}}\' || exec {real} "$@"\n'
    )
    other.chmod(0o755)
    tools = dataclasses.replace(project.workspace.tools, terraform=other)
    sentence = only(project.refusals(tools=tools), Code.TOOL_VERSION_DIFFERS).sentence
    assert sentence.endswith("here 1.99.0")


def test_refuses_provider_missing(project: GatedProject) -> None:
    """Without the Helm provider, the laptop's plan leaves the stack out, but its apply refuses it."""
    terraform = {
        "backend": {"s3": project.backend("release")},
        "required_providers": {"helm": {"source": "helm", "version": "3.1.1"}},
    }
    releases = {"helm_release": {"it": {"name": "it", "chart": "it"}}}
    project.stack("release", {}, more={"terraform": terraform, "resource": releases})
    assert [stored.stack for stored in project.push_plans().bundles] == ["local-web"]
    project.approve()
    reason = only(project.refusals("local-web", "local-release"), Code.PROVIDER_MISSING)
    assert reason.stack == "local-release"
    assert "Helm provider" in reason.sentence


def test_refuses_orphan_not_approved(project: GatedProject) -> None:
    """A deployed stack whose code was removed is destroyed only if somebody names it."""
    project.push_plans()
    project.approve()
    project.deploy()
    project.push_plans(destroy=("local-web",))
    project.approve()
    assert project.refusals() == [], "a stack with code is not an orphan"
    project.drop("web")
    reason = only(project.refusals(), Code.ORPHAN_NOT_APPROVED)
    assert reason.stack == "local-web"
    assert "--allow-destroy local-web" in reason.command
    assert codes(project.refusals(allow_destroy=["local-web"])) == {Code.FOREIGN_COMMIT}, (
        "planned before the code was removed"
    )


def test_all_refusals_are_reported_at_once(project: GatedProject) -> None:
    project.push_plans()
    project.apply_elsewhere("local-web")
    project.web("red")
    assert codes(project.refusals("local-web", "local-more", run_attempt=2)) >= {
        Code.FOREIGN_COMMIT,
        Code.SYNTH_DIFFERS,
        Code.STATE_MOVED,
        Code.RERUN_WITHOUT_PLAN,
        Code.BUNDLE_MISSING,
        Code.APPROVAL_MISSING,
    }


def test_terraform_does_not_run_a_bundle_that_is_changed_or_not_approved(project: GatedProject, tmp_path: Path) -> None:
    """Planning it again would run its Terraform with the credentials of an apply."""
    ran = tmp_path / "ran"
    watching = tmp_path / "terraform"
    watching.write_text(f'#!/bin/sh\necho "$1" >> {ran}\nexec {project.cloud.program} "$@"\n')
    watching.chmod(0o755)
    tools = dataclasses.replace(project.workspace.tools, terraform=watching)
    project.push_plans()
    assert codes(project.refusals(tools=tools)) == {Code.APPROVAL_MISSING}
    project.approve()
    swapped = project.refusals(tools=tools, meanwhile=lambda stacks: (stacks / "local-web" / "a.tf").write_text(""))
    assert codes(swapped) == {Code.BUNDLE_TAMPERED}
    assert set(ran.read_text().split()) == {"version"}
    assert project.refusals(tools=tools) == []
    assert {"init", "plan"} <= set(ran.read_text().split()), "the test would notice"


def _repacked(archive: bytes, name: str, content: bytes) -> bytes:
    """The archive with other content of a file, and its bundle.json unchanged."""
    source, target = io.BytesIO(gzip.decompress(archive)), io.BytesIO()
    with tarfile.open(fileobj=source) as old, tarfile.open(fileobj=target, mode="w") as new:
        for entry in old:
            file = old.extractfile(entry)
            assert file
            body = content if entry.name == name else file.read()
            entry.size = len(body)
            new.addfile(entry, io.BytesIO(body))
    return gzip.compress(target.getvalue())


def _write(project: GatedProject, index: Index, stored: Stored) -> None:
    plans_file.write(index.model_copy(update={"bundles": (stored,)}), project.index_path)
    shutil.rmtree(project.root / ".groundwork" / "approvals", ignore_errors=True)
    project.approve()
