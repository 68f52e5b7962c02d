"""`gw init` hands the workflow files over: for another owner they keep every line of the checklist, too."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.github.ownership import hand_over
from tests.workflows import checklist

OTHER = "initech/tps-reports"


def test_a_new_owner_calls_workflows_of_its_own(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(checkout / ".github", tmp_path / ".github"))
    changed = hand_over(copy, OTHER)
    assert {path.name for path in changed} == {
        "CODEOWNERS", "deploy-environment.yml", "deploy.yml", "destroy.yml", "pull-request.yml",
    } | ({"drift.yml"} & {path.name for path in changed})  # fmt: skip
    for path in (path for path in copy.rglob("*") if path.is_file()):
        assert "acme" not in path.read_text(encoding="utf-8"), path
    monkeypatch.setattr(checklist, "OURS", re.compile(checklist.OURS.pattern.replace("acme/groundwork", OTHER)))
    assert checklist.problems(copy) == []
    assert hand_over(copy, OTHER) == []


def test_gw_init_writes_it(checkout: Path, tmp_path: Path) -> None:
    for name in (".github", "environments"):
        shutil.copytree(checkout / name, tmp_path / name)
    shutil.copy(checkout / "cdktf.json", tmp_path)
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
    done = subprocess.run(
        [sys.executable, "-P", "-c", "from groundwork.cli import main; main()", "init", *answers],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "written: .github/CODEOWNERS" in done.stdout
    assert f"uses: {OTHER}/.github/workflows/plan.yml@main" in (
        tmp_path / ".github" / "workflows" / "pull-request.yml"
    ).read_text(encoding="utf-8")
