"""The groups of Pipfile.lock: a pipeline job works without checkov and the packages of the embedded servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.toolchain import uv
from tests.toolchain.test_setup import load_setup

ROOT = Path(__file__).parents[2]
IMPORT_ALL = """
import importlib, os, pkgutil
from groundwork.synthesis import lazy_provider
lazy_provider.install(os.environ)  # else 2,000 modules of the AWS provider come along
for package in ("groundwork", "stacks", "demo"):
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if module.name not in PROGRAMS:
            importlib.import_module(module.name)
"""
# Work starts when these are imported.
PROGRAMS = {"groundwork.bench.reference_stack", "groundwork.toolchain.guard"}


@pytest.fixture(scope="module")
def pipeline_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the group `default` alone."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "requirements.txt").write_text("".join(load_setup().locked_requirements(["default"])))
    venv = folder / "venv"
    for command in (
        ["venv", "--python", sys.executable, str(venv)],
        ["pip", "sync", "--require-hashes", "--python", str(venv / "bin/python"), str(folder / "requirements.txt")],
        ["pip", "install", "--no-deps", "--python", str(venv / "bin/python"), "--editable", str(ROOT)],
    ):
        subprocess.run(uv.command("--quiet", *command), cwd=ROOT, check=True)
    return venv


@pytest.mark.slow
def test_every_module_of_the_tool_and_the_stacks_can_be_imported(pipeline_venv: Path) -> None:
    run = subprocess.run(
        [pipeline_venv / "bin/python", "-c", f"PROGRAMS = {PROGRAMS}{IMPORT_ALL}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert not list(pipeline_venv.rglob("site-packages/moto"))
    assert not list(pipeline_venv.rglob("site-packages/checkov"))


@pytest.mark.slow
def test_the_stacks_can_be_synthesised(pipeline_venv: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "CDKTF_OUTDIR": str(tmp_path / "out")}
    command = [pipeline_venv / "bin/python", "main.py", "--environment", "dev"]
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out" / "stacks" / "dev-network" / "cdk.tf.json").is_file()
