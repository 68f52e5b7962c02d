"""Two commits are synthesised for a review: from their own files, without credentials, and each only once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import SynthesisError, UsageError
from groundwork.review import revisions
from groundwork.review.checkout import Synthesised
from tests.review.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def value(synthesised: Synthesised) -> Any:
    return json.loads((synthesised.folder / "stacks" / "dev-data" / "cdk.tf.json").read_text())["locals"]


def synthesise(repository: Repository, wanted: str, **environ: str) -> list[Synthesised]:
    scratch = repository.root.parent / "scratch"
    return repository.synthesise(wanted, scratch, {"PATH": os.environ["PATH"], **environ})


def test_each_commit_is_synthesised_from_its_own_files(repository: Repository) -> None:
    base = repository.commit("one")
    repository.commit("two")
    before, after = synthesise(repository, f"{base}..HEAD")
    assert (value(before)["value"], value(after)["value"]) == ("one", "two")
    assert not Path(value(before)["file"]).is_relative_to(repository.root)


def test_a_range_that_ends_at_the_checkout_includes_uncommitted_changes(repository: Repository) -> None:
    base = repository.commit("one")
    repository.write("uncommitted")
    for wanted in (f"{base}..", f"{base}..@worktree", ".."):
        before, after = synthesise(repository, wanted)
        assert (value(before)["value"], value(after)["value"]) == ("one", "uncommitted")
    assert value(synthesise(repository, f"{base}..HEAD")[1])["value"] == "one"


def test_reviewing_the_checkout_changes_nothing_in_it(repository: Repository) -> None:
    repository.commit("one")
    repository.write("uncommitted")
    (repository.root / "new.py").write_text("")
    objects = sorted((repository.root / ".git" / "objects").rglob("*"))
    status = repository.git("status", "--porcelain")
    synthesise(repository, "HEAD..")
    assert repository.git("status", "--porcelain") == status
    assert sorted((repository.root / ".git" / "objects").rglob("*")) == objects


def test_three_dots_begin_where_the_branch_began(repository: Repository) -> None:
    left = repository.commit("one")
    repository.git("checkout", "-q", "-b", "topic")
    tip = repository.commit("topic")
    repository.git("checkout", "-q", "main")
    repository.commit("main moved on")
    base, head = revisions.parse("main...topic", repository.root, scratch=repository.root.parent)
    assert (base.commit, head.commit) == (left, tip)


def test_gitattributes_do_not_leave_files_out(repository: Repository) -> None:
    (repository.root / ".gitattributes").write_text("values.py export-ignore\n")
    repository.commit("one")
    assert value(synthesise(repository, "HEAD..HEAD")[0])["value"] == "one"


def test_no_credential_reaches_the_code_of_a_commit(repository: Repository) -> None:
    repository.commit("one")
    planted = {
        "AWS_ACCESS_KEY_ID": "x", "AWS_SESSION_TOKEN": "x", "AWS_PROFILE": "x", "GITHUB_TOKEN": "x", "GH_TOKEN": "x",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x", "ACTIONS_ID_TOKEN_REQUEST_URL": "x", "TF_VAR_password": "x",
        "KUBECONFIG": "x", "SSH_AUTH_SOCK": "x", "GIT_ASKPASS": "x", "NPM_TOKEN": "x", "PYTHONPATH": "/x",
        "LD_PRELOAD": "", "UV_INDEX_URL": "https://user:pass@index.example/simple", "MY_OWN": "x",
    }  # fmt: skip
    (made,) = {synthesised.folder for synthesised in synthesise(repository, "HEAD..HEAD", LANG="C.UTF-8", **planted)}
    seen = json.loads((made / "stacks/dev-data/cdk.tf.json").read_text())["locals"]
    assert not set(planted) & set(seen["seen"])
    assert "LANG" in seen["seen"]
    assert seen["home"] == []


def test_a_package_index_without_credentials_is_passed_on(repository: Repository) -> None:
    repository.commit("one")
    (made, _) = synthesise(repository, "HEAD..HEAD", UV_INDEX_URL="https://index.example/simple")
    assert "UV_INDEX_URL" in value(made)["seen"]


@pytest.mark.parametrize(
    ("config", "passed_on"),
    [
        ('find-links = ["/opt/wheels"]\nindex-url = "https://index.example/simple"', True),
        ('index-url = "https://me:key@index.example/simple"', False),
        ('[[index]]\nurl = "https://me:key@index.example/simple"', False),
    ],
)
def test_a_uv_toml_is_passed_on_unless_it_holds_a_login(repository: Repository, config: str, passed_on: bool) -> None:
    (repository.root / "uv.toml").write_text(config)
    repository.commit("one")
    (made, _) = synthesise(repository, "HEAD..HEAD")
    assert ("UV_CONFIG_FILE" in value(made)["seen"]) == passed_on


def test_a_uv_toml_that_is_not_toml_is_named(repository: Repository) -> None:
    (repository.root / "uv.toml").write_text("index-url = ")
    repository.commit("one")
    with pytest.raises(UsageError, match=r"uv\.toml is not TOML"):
        synthesise(repository, "HEAD..HEAD")


def test_a_commit_does_not_write_the_users_package_cache(repository: Repository) -> None:
    repository.commit("one")
    (made, _) = synthesise(repository, "HEAD..HEAD", UV_CACHE_DIR="/home/user/.cache/uv")
    assert "review-uv" in value(made)["uv_cache"]


def test_the_same_files_are_synthesised_once(repository: Repository) -> None:
    repository.commit("one")
    repository.commit("one")  # an empty commit: another id, the same tree
    assert [synthesised.cached for synthesised in synthesise(repository, "HEAD~1..HEAD")] == [False, False]
    assert len(list(repository.store.glob("*/manifest.json"))) == 1
    assert [synthesised.cached for synthesised in synthesise(repository, "HEAD~1..HEAD")] == [True, True]


def test_a_commit_that_does_not_synthesise_is_named(repository: Repository) -> None:
    base = repository.commit("one")
    (repository.root / "main.py").write_text("raise SystemExit('the subnet has no zone')")
    head = repository.commit("two")
    with pytest.raises(SynthesisError, match=head[:12]) as raised:
        synthesise(repository, f"{base}..{head}")
    assert "the subnet has no zone" in str(raised.value)


def test_a_commit_without_main_py_is_named(repository: Repository) -> None:
    (repository.root / "main.py").rename(repository.root / "other.py")
    base = repository.commit("one")
    (repository.root / "other.py").rename(repository.root / "main.py")
    repository.commit("two")
    with pytest.raises(SynthesisError, match=f"{base[:12]}.* has no main.py"):
        synthesise(repository, f"{base}..HEAD")


@pytest.mark.parametrize("wanted", ["nothing..HEAD", "HEAD..nothing", "--output=/x..HEAD"])
def test_an_unknown_revision_is_a_usage_error(wanted: str, repository: Repository) -> None:
    repository.commit("one")
    with pytest.raises(UsageError):
        synthesise(repository, wanted)


def test_a_killed_synthesis_leaves_no_result(repository: Repository, checkout: Path) -> None:
    repository.commit("one")
    waiting = repository.root.parent / "waiting"
    slow = f"import pathlib, time; pathlib.Path({str(waiting)!r}).touch(); time.sleep(60)\n"
    (repository.root / "main.py").write_text((repository.root / "main.py").read_text() + slow)
    repository.commit("slow")
    program = (
        "import sys; from pathlib import Path; from groundwork.review import checkout, revisions\n"
        f"root, store = Path({str(repository.root)!r}), Path({str(repository.store)!r})\n"
        "pair = revisions.parse('HEAD..HEAD', root, scratch=store)\n"
        "checkout.synthesise(pair, root=root, store=store, environ={'PATH': '/usr/bin:/bin'})\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=checkout) as run:
        until = time.monotonic() + 30
        while not waiting.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
    assert list(repository.store.glob("*/manifest.json")) == []
    repository.git("checkout", "-q", "HEAD~1", "--", "main.py")
    repository.commit("slow")
    assert value(synthesise(repository, "HEAD..HEAD")[0])["value"] == "slow"
