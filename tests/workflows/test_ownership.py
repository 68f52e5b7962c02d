"""`gw init` rewrites the workflow files for another owner, for whom they still pass the checklist."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from groundwork.github.ownership import hand_over
from tests.support.command_line import gw
from tests.workflows import checklist

OTHER = "initech/tps-reports"


def test_for_a_new_owner_the_workflows_call_its_own_repository(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(checkout / ".github", tmp_path / ".github"))
    changed = hand_over(copy, OTHER)
    called = {"deploy-environment.yml", "deploy.yml", "drift.yml", "pull-request.yml"}
    assert {path.name for path in changed} == {"CODEOWNERS", *called}
    for path in (path for path in copy.rglob("*") if path.is_file()):
        assert "acme" not in path.read_text(encoding="utf-8"), path
    monkeypatch.setattr(checklist, "OURS", re.compile(checklist.OURS.pattern.replace("acme/groundwork", OTHER)))
    assert checklist.problems(copy) == []
    assert hand_over(copy, OTHER) == []


def test_gw_init_rewrites_the_workflows(checkout: Path, bare_checkout: Path) -> None:
    shutil.copytree(checkout / ".github", bare_checkout / ".github")
    numbers = {"dev": "210987654321", "staging": "321098765432", "prod": "432109876543"}
    accounts = [f"--account={name}={number}" for name, number in numbers.items()]
    archives = [f"--archive-account={name}={int(number) + 1}" for name, number in numbers.items()]
    answers = [
        "--organisation=initech",
        "--region=eu-west-1",
        f"--repository={OTHER}",
        "--domain=",
        *accounts,
        *archives,
    ]
    done = gw("init", *answers, cwd=bare_checkout)
    assert done.returncode == 0, done.stderr
    assert "written: .github/CODEOWNERS" in done.stdout
    assert f"uses: {OTHER}/.github/workflows/plan.yml@main" in (
        bare_checkout / ".github" / "workflows" / "pull-request.yml"
    ).read_text(encoding="utf-8")
