"""The commands of `gw github`: what they print, which calls they make, and their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support import command_line
from tests.support.fake_github import FakeGitHub


def gw(cwd: Path, *words: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `gw github WORDS` with no variable of GitHub but those in `environ`."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GH_"))}
    return command_line.gw("github", *words, cwd=cwd, environ={**clean, **(environ or {})})


def test_a_dry_run_without_a_token_shows_every_call_and_makes_none(bare_checkout: Path) -> None:
    done = gw(bare_checkout, "setup", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "PUT /repos/acme/groundwork/environments/prod" in done.stdout
    assert '"prevent_self_review": true' in done.stdout
    assert "GITHUB_TOKEN is not set" in done.stderr


def test_check_passes_after_setup_and_notices_a_change_by_hand(bare_checkout: Path, github: FakeGitHub) -> None:
    environ = github.person("root", admin=True)
    shown = json.loads(gw(bare_checkout, "setup", "--dry-run", "--json", environ=environ).stdout)
    assert {call["method"] for call in shown} >= {"PUT", "POST"}
    assert all(request.startswith("GET") for request in github.server.requests)
    done = gw(bare_checkout, "setup", "--json", environ=environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == shown
    fine = gw(bare_checkout, "check", environ=environ)
    assert (fine.returncode, fine.stdout) == (0, "acme/groundwork: all settings match the values\n")
    github.state.environments["prod"].can_admins_bypass = True
    refused = gw(bare_checkout, "check", environ=environ)
    assert refused.returncode == 8
    assert "environment prod: administrators may bypass it" in refused.stderr
    assert environ["GITHUB_TOKEN"] not in refused.stderr + refused.stdout + done.stderr


def test_check_without_a_token_names_the_variable_to_set(bare_checkout: Path) -> None:
    done = gw(bare_checkout, "check")
    assert done.returncode == 2
    assert "GITHUB_TOKEN is not set" in done.stderr


def test_comment_writes_a_file_as_a_comment(bare_checkout: Path, github: FakeGitHub, tmp_path: Path) -> None:
    number = github.open_pull_request("alice")
    environ = github.job_environment(github.begin_run("pull_request", "alice", pull_request=number), "report")
    (tmp_path / "review.md").write_text("# Review", encoding="utf-8")
    words = ["comment", "--pull-request", str(number), "--from", str(tmp_path / "review.md"), "--json"]
    done = gw(bare_checkout, *words, environ=environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["written"] == 1
    assert "# Review" in next(iter(github.state.comments.values()))["body"]


def test_annotate_prints_a_review_s_risks_and_writes_sarif(bare_checkout: Path, tmp_path: Path) -> None:
    line = {"file": "stacks/archive.py", "line": 40}
    risk = {
        "concern": "data loss",
        "severity": "high",
        "stack": "prod-archive",
        "address": "aws_s3_bucket.x",
        "sentence": "is destroyed",
        "origin": [line],
    }
    review = tmp_path / "review.json"
    review.write_text(json.dumps({"base": "a", "head": "b", "stacks": [], "risks": [risk]}), encoding="utf-8")
    sarif = tmp_path / "review.sarif"
    done = gw(bare_checkout, "annotate", "--from", str(review), "--sarif", str(sarif))
    assert done.stdout.startswith("::error file=stacks/archive.py,line=40,title=review data-loss::prod-archive")
    assert json.loads(sarif.read_text(encoding="utf-8"))["version"] == "2.1.0"
    review.write_text("{}", encoding="utf-8")
    assert gw(bare_checkout, "annotate", "--from", str(review)).returncode == 2
