"""All runs of workflows share an embedded AWS with three accounts; each test has its own repository."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.paths import Project
from groundwork.toolchain import go_tools
from tests.support import warm_gw
from tests.workflows.accounts import Cloud, accounts
from tests.workflows.pipeline import HERE, Pipeline, pipeline


@pytest.fixture(scope="session")
def act(checkout: Path) -> Path:
    """The program that runs workflows; `make test` builds it."""
    return go_tools.ensure("act", os.environ, Project(checkout)).path


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory, checkout: Path, synthesised: Path) -> Iterator[Cloud]:
    with accounts(tmp_path_factory.mktemp("accounts"), checkout, synthesised) as made:
        yield made


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """A runner after its set-up: links to this checkout's tools, and a `gw` that gets its job's variables.

    Its checkov is a fork of one that has imported everything.
    In `bin` are an aws and a skopeo that only note their arguments, of an empty registry.
    """
    folder = tmp_path_factory.mktemp("machine")
    for name in ("node_modules", "tools", "package.json"):
        (folder / name).symlink_to(checkout / name)
    real, venv = checkout / ".venv", folder / ".venv"
    (venv / "bin").mkdir(parents=True)
    for part in real.iterdir():
        if part.name != "bin":
            (venv / part.name).symlink_to(part)
    for program in (real / "bin").iterdir():
        if program.name not in {"gw", "checkov"}:
            (venv / "bin" / program.name).symlink_to(program)
    (folder / "bin").mkdir()
    warm = [sys.executable, warm_gw.__file__, "ask", str(warm_gw.server(checkout, "checkov"))]
    (venv / "bin" / "checkov").write_text(f'#!/bin/sh\nexec {shlex.join(warm)} "$@"\n')
    (venv / "bin" / "checkov").chmod(0o755)
    runner = f"{shlex.quote(sys.executable)} {shlex.quote(str(HERE / 'runner.py'))}"
    for program in (venv / "bin" / "gw", *(folder / "bin" / name for name in ("aws", "skopeo"))):
        program.write_text(f'#!/bin/sh\nexec {runner} {program.name} "$@"\n')
        program.chmod(0o755)
    return folder


@pytest.fixture
def github(tmp_path: Path, checkout: Path, act: Path, cloud: Cloud, machine: Path) -> Iterator[Pipeline]:
    """A new repository in which nothing is deployed or planned."""
    cloud.reset()
    with pipeline(tmp_path, checkout, act, cloud, machine) as made:
        yield made
