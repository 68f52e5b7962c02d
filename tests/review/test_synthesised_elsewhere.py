"""A head that another job synthesised is compared without running any of it, and cannot refer outside its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from groundwork.errors import SynthesisError, UsageError
from groundwork.review import checkout, plans, revisions
from groundwork.review.redaction import Redactor
from tests.review.repository import Repository

SHA = "0123456789abcdef0123456789abcdef01234567"


def written(out: Path, folder: str = "stacks/dev-web") -> Path:
    """The output of cdktf for one stack, in a folder that its manifest names."""
    (out / folder).mkdir(parents=True)
    (out / folder / "cdk.tf.json").write_text("{}")
    entry = {
        "name": "dev-web", "constructPath": "dev-web", "workingDirectory": folder,
        "synthesizedStackPath": f"{folder}/cdk.tf.json", "annotations": [], "dependencies": [],
    }  # fmt: skip
    (out / "manifest.json").write_text(json.dumps({"version": "0.21.0", "stacks": {"dev-web": entry}}))
    return out


def test_only_the_files_that_a_review_reads_are_copied(tmp_path: Path) -> None:
    out = written(tmp_path / "out")
    (out / "stacks" / "dev-web" / "run-me.sh").write_text("exit 1")
    copy = checkout.copy_synthesised(out, tmp_path / "kept", environments=["dev"])
    assert sorted(path.name for path in copy.rglob("*") if path.is_file()) == [
        "cdk.tf.json", "manifest.json", "review.json",
    ]  # fmt: skip


def test_a_stack_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    out = written(tmp_path / "out", "../elsewhere")
    with pytest.raises(SynthesisError, match=r"workingDirectory of dev-web is '\.\./elsewhere'"):
        checkout.copy_synthesised(out, tmp_path / "kept", environments=["dev"])
    assert not (tmp_path / "kept").exists()


def test_a_stack_whose_folder_is_a_link_is_refused(tmp_path: Path) -> None:
    out = written(tmp_path / "out")
    (out / "stacks" / "dev-web").rename(tmp_path / "elsewhere")
    (out / "stacks" / "dev-web").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SynthesisError, match="the folder of dev-web lies outside of it"):
        checkout.copy_synthesised(out, tmp_path / "kept", environments=["dev"])
    assert not (tmp_path / "kept").exists()


def test_a_foreign_head_is_named_by_its_full_commit_id(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    base = repository.commit("one")
    pair = revisions.parse_foreign(f"HEAD..{SHA}", repository.root, scratch=tmp_path)
    assert (pair[0].commit, pair[1].commit) == (base, SHA)
    for wrong in ("HEAD", "HEAD..", "HEAD..main", "HEAD...abc"):
        with pytest.raises(UsageError, match="is named by its commit, 40 hex digits"):
            revisions.parse_foreign(wrong, repository.root, scratch=tmp_path)


def test_a_foreign_head_that_git_has_is_read_as_merged_into_base(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit("one")
    repository.git("checkout", "-q", "-b", "branch")
    (repository.root / "theirs.py").write_text("theirs = 1\n")
    head = repository.commit("one")
    repository.git("checkout", "-q", "main")
    (repository.root / "ours.py").write_text("ours = 1\n")
    repository.commit("one")
    before, after = revisions.parse_foreign(f"HEAD..{head}", repository.root, scratch=tmp_path / "scratch")
    # The branch did not change what main gained since they parted.
    assert revisions.changed_paths(before, after, repository.root) == {"theirs.py": "new"}
    assert revisions.text(after, repository.root, "ours.py") == "ours = 1"
    assert "theirs = 1" in revisions.patch(before, after, repository.root)


def test_a_foreign_head_in_conflict_with_base_is_not_read(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit("one")
    repository.git("checkout", "-q", "-b", "branch")
    head = repository.commit("theirs")
    repository.git("checkout", "-q", "main")
    repository.commit("ours")
    _, after = revisions.parse_foreign(f"HEAD..{head}", repository.root, scratch=tmp_path / "scratch")
    assert (after.commit, after.tree) == (head, "")


def test_plans_of_several_environments_are_read_from_a_folder(tmp_path: Path) -> None:
    for name in ("dev", "prod"):
        (tmp_path / f"{name}.json").write_text(json.dumps([{"stack": f"{name}-web", "status": "change"}]))
    results = plans.read_all(tmp_path, Redactor())
    assert {name: plan.status for name, plan in results.items()} == {"dev-web": "change", "prod-web": "change"}
    # Forks are not planned, so for them the folder does not exist.
    assert plans.read_all(tmp_path / "nothing", Redactor()) == {}
