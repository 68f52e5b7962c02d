"""A bundle is applied only where it is what was planned: from this commit, with these tools, once."""

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
from tests.gate.mini_project import Mini
from tests.gate.reading import codes, only

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

HELM_STACK = """
stack("local-release", {"helm_release": {"it": {"name": "it", "chart": "it"}}}, helm=True)
"""


def test_nothing_is_refused_where_nothing_happened(mini: Mini) -> None:
    mini.plan()
    mini.approve()
    assert mini.refusals() == []


def test_refuses_bundle_tampered(mini: Mini) -> None:
    """An edited synth, a swapped zip; with the digest in the index as it was, and made to fit."""
    for path, content in (("stack/cdk.tf.json", b"{}"), ("stack/assets/fn.zip", b"somebody else's code")):
        index = mini.plan()
        (stored,) = index.bundles
        body = _repacked(mini.store.fetch(stored, index=index), path, content)
        key = f"{mini.store.objects.key_of(stored.location)}.swapped"
        place = mini.store.objects.put_new(key, body, media_type="application/gzip")
        swapped = stored.model_copy(update={"location": place.location, "version_id": place.version})
        _write(mini, index, swapped)
        reason = only(mini.refusals(), Code.BUNDLE_TAMPERED)
        assert reason.stack == "local-web"
        assert reason.command.startswith("gw plan make")

        _write(mini, index, swapped.model_copy(update={"digest": digest.of_bytes(body)}))
        assert Code.BUNDLE_TAMPERED in codes(mini.refusals()), "the MAC is over the digest"


def test_a_zip_that_is_swapped_after_the_bundle_was_extracted_is_noticed(mini: Mini) -> None:
    mini.plan()
    mini.approve()

    def swap(stacks: Path) -> None:
        (stacks / "local-web" / "assets" / "fn.zip").write_text("somebody else's code")

    reason = only(mini.refusals(meanwhile=swap), Code.BUNDLE_TAMPERED)
    assert "assets/fn.zip is changed" in reason.sentence


def test_an_added_file_and_a_link_in_place_of_a_file_are_noticed(mini: Mini) -> None:
    mini.plan()
    mini.approve()
    reasons = mini.refusals(meanwhile=lambda stacks: (stacks / "local-web" / "more.tf.json").write_text("{}"))
    assert "more.tf.json is new" in only(reasons, Code.BUNDLE_TAMPERED).sentence
    elsewhere = mini.root / "stacks.py"

    def link(stacks: Path) -> None:
        (stacks / "local-web" / "assets" / "fn.zip").unlink()
        (stacks / "local-web" / "assets" / "fn.zip").symlink_to(elsewhere)

    assert "assets/fn.zip is changed" in only(mini.refusals(meanwhile=link), Code.BUNDLE_TAMPERED).sentence


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
def test_an_index_that_does_not_fit_its_bundles_is_noticed(mini: Mini, change: Callable[[Stored], object]) -> None:
    index = mini.plan()
    (stored,) = index.bundles
    _write(mini, index, stored.model_copy(update=change(stored)))  # type: ignore[arg-type]
    mini.approve()
    assert codes(mini.refusals()) == {Code.BUNDLE_TAMPERED}


def test_refuses_bundle_missing(mini: Mini) -> None:
    (stored,) = mini.plan().bundles
    mini.approve()
    assert "no plan of it" in only(mini.refusals("local-web", "local-more"), Code.BUNDLE_MISSING).sentence
    _, _, bucket, key = stored.location.split("/", 3)
    mini.cloud.client("s3").delete_object(Bucket=bucket, Key=key, VersionId=stored.version_id)
    assert only(mini.refusals(), Code.BUNDLE_MISSING).stack == "local-web"


def test_refuses_foreign_commit(mini: Mini) -> None:
    planned = mini.git("rev-parse", "HEAD")
    mini.plan()
    mini.approve()
    now = mini.commit("somebody merged")
    sentence = only(mini.refusals(), Code.FOREIGN_COMMIT).sentence
    assert planned[:12] in sentence
    assert now[:12] in sentence


def test_a_tag_on_a_branch_is_not_applied(mini: Mini) -> None:
    mini.git("checkout", "-q", "-b", "feature")
    commit = mini.commit("not merged")
    try:
        mini.plan()
        mini.approve()
        run = RunFacts(plans_file.read(mini.plans), "aws", commit, history.on_main(mini.root, commit), "laptop", 1, ())
        assert "not on main" in only(bundles.check_run(run), Code.FOREIGN_COMMIT).sentence
        mini.git("branch", "-f", "main", "feature")
        assert history.on_main(mini.root, commit)
        mini.git("branch", "-m", "main", "other")
        with pytest.raises(UsageError, match="no branch main") as shallow:
            history.on_main(mini.root, commit)
        assert "fetch-depth" in shallow.value.fix
        mini.git("branch", "-m", "other", "main")
    finally:
        mini.git("checkout", "-q", "main")


def test_refuses_rerun_without_plan(mini: Mini) -> None:
    """The job again without its plan job; and the same plans again."""
    mini.plan()
    mini.approve()
    again = only(mini.refusals(run_attempt=2), Code.RERUN_WITHOUT_PLAN)
    assert "attempt 2, which has not planned" in again.sentence

    assert [result.stack for result in mini.deploy()] == ["local-web"]
    once_more = only(mini.refusals(), Code.RERUN_WITHOUT_PLAN)
    assert once_more.stack == "local-web"
    assert "applied already" in once_more.sentence


def test_refuses_synth_differs(mini: Mini) -> None:
    """Edited Python: the plan says blue, the code says red."""
    mini.plan()
    mini.approve()
    mini.edit("main.py", 'COLOUR = "blue"', 'COLOUR = "red"')
    reasons = mini.refusals()
    assert "cdk.tf.json is changed" in only(reasons, Code.SYNTH_DIFFERS).sentence
    assert "uncommitted changes" in only(reasons, Code.FOREIGN_COMMIT).sentence


def test_another_asset_or_a_stack_that_is_gone_is_another_synth(mini: Mini) -> None:
    mini.plan()
    mini.approve()
    mini.edit("stacks.py", "the function's code", "other code")
    assert "assets/fn.zip is changed" in only(mini.refusals(), Code.SYNTH_DIFFERS).sentence
    (mini.root / "stacks.py").write_text("")
    assert "synthesises no such stack" in only(mini.refusals(), Code.SYNTH_DIFFERS).sentence


def test_the_python_that_is_compared_gets_no_credential(mini: Mini) -> None:
    """The job holds those of an apply when it synthesises again."""
    mini.edit("main.py", 'COLOUR = "blue"', 'COLOUR = os.environ.get("AWS_SECRET_ACCESS_KEY", "blue")')
    mini.commit()
    mini.plan()
    mini.approve()
    used = mini.workspace.tools
    job = dataclasses.replace(used, environ={**used.environ, "AWS_SECRET_ACCESS_KEY": "of-an-apply"})
    assert mini.refusals(tools=job) == []


def test_leftovers_of_a_synth_are_refused_only_where_terraform_reads_them(mini: Mini) -> None:
    folder = mini.workspace.out / "stacks" / "local-web"
    folder.mkdir(parents=True)
    (folder / "old.zip").write_text("of last week")
    mini.plan()
    mini.approve()
    assert mini.refusals() == []
    (folder / "old.tf.json").write_text("{}")
    mini.plan()
    mini.approve()
    assert "old.tf.json is missing" in only(mini.refusals(), Code.SYNTH_DIFFERS).sentence


def test_refuses_tool_version_differs(mini: Mini, tmp_path: Path) -> None:
    mini.plan()
    mini.approve()
    real = mini.cloud.program
    other = tmp_path / "terraform"
    other.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo \'{{"terraform_version": "1.99.0"}}\' || exec {real} "$@"\n'
    )
    other.chmod(0o755)
    tools = dataclasses.replace(mini.workspace.tools, terraform=other)
    sentence = only(mini.refusals(tools=tools), Code.TOOL_VERSION_DIFFERS).sentence
    assert sentence.endswith("here 1.99.0")


def test_refuses_provider_missing(mini: Mini) -> None:
    """Helm cannot be installed here: the laptop's plan leaves the stack out, its apply does not do so in silence."""
    (mini.root / "stacks.py").write_text((mini.root / "stacks.py").read_text() + HELM_STACK)
    assert [stored.stack for stored in mini.plan().bundles] == ["local-web"]
    mini.approve()
    reason = only(mini.refusals("local-web", "local-release"), Code.PROVIDER_MISSING)
    assert reason.stack == "local-release"
    assert "Helm provider" in reason.sentence


def test_refuses_orphan_not_approved(mini: Mini) -> None:
    """The stack is deployed, then its code goes: nothing destroys it before somebody has named it."""
    mini.plan()
    mini.approve()
    mini.deploy()
    mini.plan(destroy=("local-web",))
    mini.approve()
    assert mini.refusals() == [], "with its code still there it is not an orphan"
    (mini.root / "stacks.py").write_text("")
    reason = only(mini.refusals(), Code.ORPHAN_NOT_APPROVED)
    assert reason.stack == "local-web"
    assert "--allow-destroy local-web" in reason.command
    assert codes(mini.refusals(allow_destroy=["local-web"])) == {Code.FOREIGN_COMMIT}, "planned before the code went"


def test_all_reasons_are_given_at_once(mini: Mini) -> None:
    mini.plan()
    mini.apply_elsewhere("local-web")
    mini.edit("main.py", 'COLOUR = "blue"', 'COLOUR = "red"')
    assert codes(mini.refusals("local-web", "local-more", run_attempt=2)) >= {
        Code.FOREIGN_COMMIT,
        Code.SYNTH_DIFFERS,
        Code.STATE_MOVED,
        Code.RERUN_WITHOUT_PLAN,
        Code.BUNDLE_MISSING,
        Code.APPROVAL_MISSING,
    }


def test_nothing_of_a_bundle_is_run_that_is_changed_or_not_approved(mini: Mini, tmp_path: Path) -> None:
    """Planning again would run the bundle's Terraform with the credentials of an apply."""
    ran = tmp_path / "ran"
    watching = tmp_path / "terraform"
    watching.write_text(f'#!/bin/sh\necho "$1" >> {ran}\nexec {mini.cloud.program} "$@"\n')
    watching.chmod(0o755)
    tools = dataclasses.replace(mini.workspace.tools, terraform=watching)
    mini.plan()
    assert codes(mini.refusals(tools=tools)) == {Code.APPROVAL_MISSING}
    mini.approve()
    swapped = mini.refusals(tools=tools, meanwhile=lambda stacks: (stacks / "local-web" / "a.tf").write_text(""))
    assert codes(swapped) == {Code.BUNDLE_TAMPERED}
    assert set(ran.read_text().split()) == {"version"}
    assert mini.refusals(tools=tools) == []
    assert {"init", "plan"} <= set(ran.read_text().split()), "the test would see it"


def _repacked(archive: bytes, name: str, content: bytes) -> bytes:
    """The archive with another content of one file, and bundle.json as it was."""
    source, target = io.BytesIO(gzip.decompress(archive)), io.BytesIO()
    with tarfile.open(fileobj=source) as old, tarfile.open(fileobj=target, mode="w") as new:
        for entry in old:
            file = old.extractfile(entry)
            assert file
            body = content if entry.name == name else file.read()
            entry.size = len(body)
            new.addfile(entry, io.BytesIO(body))
    return gzip.compress(target.getvalue())


def _write(mini: Mini, index: Index, stored: Stored) -> None:
    plans_file.write(index.model_copy(update={"bundles": (stored,)}), mini.plans)
    shutil.rmtree(mini.root / ".groundwork" / "approvals", ignore_errors=True)
    mini.approve()
