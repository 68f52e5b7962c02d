"""gw doctor: a finding per tool, and nothing on the machine changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from groundwork.cli import doctor as command
from groundwork.paths import Project
from groundwork.toolchain.doctor import examine

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A checkout in which nothing was set up."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "cdktf.json").write_text("{}")
    (root / "tools").symlink_to(ROOT / "tools")
    return Project(root)


def files_with_times(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


def test_without_set_up_each_finding_names_a_command_and_nothing_changes(bare: Project, tmp_path: Path) -> None:
    before = files_with_times(tmp_path)
    findings = {finding.tool: finding for finding in examine({"PATH": "", "HOME": str(tmp_path)}, bare)}
    assert files_with_times(tmp_path) == before
    for tool in ("python packages", "node", "cdktf-cli", "terraform", "tflint"):
        assert (findings[tool].ok, findings[tool].fix) == (False, "make setup")
    assert findings["git"].fix == "apt install git"
    assert findings["python"].ok


def test_the_exit_code_tells_whether_something_required_is_missing(
    bare: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()
    command.register(app)
    monkeypatch.chdir(bare.root)
    monkeypatch.setenv("PATH", os.defpath)
    assert CliRunner().invoke(app, ["--json"]).exit_code == 4


def test_the_terraform_on_path_is_found_with_its_origin(bare: Project, tmp_path: Path) -> None:
    binary = tmp_path / "bin" / "terraform"
    binary.parent.mkdir()
    binary.write_text('#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n')
    binary.chmod(0o755)
    findings = examine({"PATH": str(binary.parent), "HOME": str(tmp_path)}, bare)
    (tool,) = [finding for finding in findings if finding.tool == "terraform"]
    assert (tool.version, tool.origin) == ("1.11.4", f"{binary} (PATH)")
