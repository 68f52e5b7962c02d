"""The version of cdktf-cli in a plan: that of the installed one, or the one that an apply will install."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.plan.tools import cdktf_version
from groundwork.toolchain import cdktf_launcher
from groundwork.workspace import Tools, Workspace

ROOT = Path(__file__).parents[2]
LOCKED = json.loads((ROOT / "package-lock.json").read_text())["packages"]["node_modules/cdktf-cli"]["version"]


def cli(root: Path) -> list[str]:
    return ["node", str(root / "node_modules/cdktf-cli/bundle/bin/cdktf")]


def test_an_installed_cdktf_cli_tells_its_version(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_bytes((ROOT / "package-lock.json").read_bytes())
    home = tmp_path / "node_modules/cdktf-cli"
    home.mkdir(parents=True)
    (home / "package.json").write_text('{"name": "cdktf-cli", "version": "0.20.9"}')
    assert cdktf_version(cli(tmp_path)) == "0.20.9"


def test_a_plan_without_cdktf_cli_names_the_locked_version(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_bytes((ROOT / "package-lock.json").read_bytes())
    assert cdktf_version(cli(tmp_path)) == LOCKED


def test_a_version_that_nothing_tells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="not part of a cdktf-cli"):
        cdktf_version(cli(tmp_path))


def test_starting_cdktf_without_cdktf_cli_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdktf_launcher, "node_binary", lambda _: Path("node"))
    tools = Tools(
        cdktf=cdktf_launcher.command(Project(tmp_path)), terraform=Path("terraform"), python=Path(sys.executable),
        environ={}, parallelism=1, helm_provider=False, kubeconfig=None,
    )  # fmt: skip
    with pytest.raises(ToolMissing, match="cdktf-cli is not installed") as caught:
        Workspace(Project(tmp_path), tools).cdktf("dev-network")
    assert caught.value.fix == "make setup"
