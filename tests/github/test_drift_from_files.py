"""`gw drift --issues --from` opens, updates and closes issues from the files of another job."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.cli.drift import as_json, read
from groundwork.drift import StackDrift
from groundwork.errors import UsageError
from groundwork.plan.drifted import Difference
from tests.support.command_line import gw
from tests.support.fake_github import FakeGitHub

DRIFTED = StackDrift(
    "dev-network",
    drift=(Difference("aws_vpc.vpc", ("tags",), "changed"),),
    computed=(Difference("aws_vpc.vpc", ("arn",), "changed"),),
    undeployed=(Difference("output vpc_id", (), "create"),),
    compared_with="a" * 40,
    note="looked at by the code",
)


def write(folder: Path, *drifts: StackDrift) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "dev.json").write_text(json.dumps([as_json(each) for each in drifts]))


def report(github: FakeGitHub, checkout: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **github.person("github-actions[bot]"), "GITHUB_ACTIONS": "true"}
    return gw("drift", "--issues", "--from", str(folder), cwd=checkout, environ=environ)


def test_every_status_can_be_written_and_read(tmp_path: Path) -> None:
    every = [
        DRIFTED,
        replace(DRIFTED, stack="a", drift=()),
        StackDrift("b"),
        StackDrift("c", not_deployed=True),
        StackDrift("d", why="no provider"),
        StackDrift("e", why="it failed", failed=True),
        StackDrift("f", in_code=False),
    ]
    write(tmp_path / "found", *every)
    assert read(tmp_path / "found") == every
    assert len({each.status for each in every}) == 6


def test_an_issue_is_opened_and_closed_from_another_job_s_file(
    github: FakeGitHub, bare_checkout: Path, tmp_path: Path
) -> None:
    write(tmp_path / "found", DRIFTED)
    assert report(github, bare_checkout, tmp_path / "found").returncode == 25
    (issue,) = github.state.issues.values()
    assert issue["title"] == "Drift in dev-network"
    assert "`aws_vpc.vpc` changed: `tags`" in issue["body"]
    write(tmp_path / "found", StackDrift("dev-network"))
    assert report(github, bare_checkout, tmp_path / "found").returncode == 0
    assert issue["state"] == "closed"


def test_a_folder_without_reports_is_refused_not_taken_for_no_drift(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing was compared"):
        read(tmp_path)
