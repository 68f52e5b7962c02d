"""What one job found is told by another: `gw drift --issues --found` opens, updates and closes issues from files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from groundwork.cli.drift import as_json, read
from groundwork.drift import Difference, StackDrift
from tests.support.fake_github import FakeGitHub

FOUND = StackDrift(
    "dev-network",
    drift=(Difference("aws_vpc.vpc", ("tags",), "changed"),),
    computed=(Difference("aws_vpc.vpc", ("arn",), "changed"),),
    undeployed=(Difference("output vpc_id", (), "create"),),
    compared_with="a" * 40,
    note="looked at by the code",
)


def write(folder: Path, *found: StackDrift) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "dev.json").write_text(json.dumps([as_json(one) for one in found]))


def tell(github: FakeGitHub, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", "from groundwork.cli import main; main()", "drift", "--issues", "--found", folder],
        env={**os.environ, **github.person("github-actions[bot]"), "GITHUB_ACTIONS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_status_survives_the_file(tmp_path: Path) -> None:
    every = [
        FOUND,
        replace(FOUND, stack="a", drift=()),
        StackDrift("b"),
        StackDrift("c", not_deployed=True),
        StackDrift("d", why="no provider"),
        StackDrift("e", why="it failed", failed=True),
        StackDrift("f", in_code=False),
    ]
    write(tmp_path / "found", *every)
    assert read(tmp_path / "found") == every
    assert len({one.status for one in every}) == 6


def test_an_issue_is_opened_and_closed_by_what_another_job_found(github: FakeGitHub, tmp_path: Path) -> None:
    write(tmp_path / "found", FOUND)
    assert tell(github, tmp_path / "found").returncode == 25
    (issue,) = github.state.issues.values()
    assert issue["title"] == "Drift in dev-network"
    assert "`aws_vpc.vpc` changed: `tags`" in issue["body"]
    write(tmp_path / "found", StackDrift("dev-network"))
    assert tell(github, tmp_path / "found").returncode == 0
    assert issue["state"] == "closed"
