"""`gw github` from outside: what it prints, what it calls, with which code it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.fake_github import FakeGitHub


@pytest.fixture
def copy(checkout: Path, tmp_path: Path) -> Path:
    """A checkout with nothing in it but what the environment files need."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy2(checkout / "cdktf.json", folder)
    shutil.copytree(checkout / "environments", folder / "environments")
    return folder


def gw(cwd: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GH_"))}
    return subprocess.run(
        [sys.executable, "-c", "from groundwork.cli import main; main()", "github", *arguments],
        cwd=cwd,
        env={**clean, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_dry_run_without_a_token_shows_every_call_and_asks_nobody(copy: Path) -> None:
    done = gw(copy, "setup", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "PUT /repos/acme/groundwork/environments/prod" in done.stdout
    assert '"prevent_self_review": true' in done.stdout
    assert "GITHUB_TOKEN is not set" in done.stderr


def test_setup_then_check_then_a_change_by_hand(copy: Path, github: FakeGitHub) -> None:
    environ = github.person("root", admin=True)
    shown = json.loads(gw(copy, "setup", "--dry-run", "--json", environ=environ).stdout)
    assert {one["method"] for one in shown} >= {"PUT", "POST"}
    assert all(one.startswith("GET") for one in github.server.requests)
    done = gw(copy, "setup", "--json", environ=environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == shown
    fine = gw(copy, "check", environ=environ)
    assert (fine.returncode, fine.stdout) == (0, "acme/groundwork: everything is as the values say\n")
    github.state.environments["prod"].can_admins_bypass = True
    refused = gw(copy, "check", environ=environ)
    assert refused.returncode == 8
    assert "environment prod: administrators may bypass it" in refused.stderr
    assert environ["GITHUB_TOKEN"] not in refused.stderr + refused.stdout + done.stderr


def test_check_without_a_token_says_what_to_set(copy: Path) -> None:
    done = gw(copy, "check")
    assert done.returncode == 2
    assert "GITHUB_TOKEN is not set" in done.stderr


def test_comment_writes_the_files_of_a_folder(copy: Path, github: FakeGitHub, tmp_path: Path) -> None:
    number = github.open_pull_request("alice")
    environ = github.job_environment(github.begin_run("pull_request", "alice", pull_request=number), "report")
    (tmp_path / "review.md").write_text("# Review", encoding="utf-8")
    done = gw(
        copy, "comment", "--pull-request", str(number), "--from", str(tmp_path / "review.md"), "--json", environ=environ
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["written"] == 1
    assert "# Review" in next(iter(github.state.comments.values()))["body"]


def test_annotate_prints_a_review_s_findings_and_writes_sarif(copy: Path, tmp_path: Path) -> None:
    line = {"file": "stacks/archive.py", "line": 40}
    finding = {
        "concern": "data loss",
        "severity": "high",
        "stack": "prod-archive",
        "address": "aws_s3_bucket.x",
        "sentence": "is destroyed",
        "origin": [line],
    }
    review = tmp_path / "review.json"
    review.write_text(json.dumps({"base": "a", "head": "b", "stacks": [], "findings": [finding]}), encoding="utf-8")
    sarif = tmp_path / "review.sarif"
    done = gw(copy, "annotate", "--from", str(review), "--sarif", str(sarif))
    assert done.stdout.startswith("::error file=stacks/archive.py,line=40,title=review data-loss::prod-archive")
    assert json.loads(sarif.read_text(encoding="utf-8"))["version"] == "2.1.0"
    review.write_text("{}", encoding="utf-8")
    assert gw(copy, "annotate", "--from", str(review)).returncode == 2
