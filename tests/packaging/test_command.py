"""`gw package`, run as a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from groundwork.cli import package
from groundwork.errors import UsageError
from tests.packaging.conftest import Bench, digest_of


@pytest.fixture
def gw(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """The command in a checkout that has the one function `greet`."""
    (bench.root / "cdktf.json").write_text("{}")
    monkeypatch.chdir(bench.root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(bench.root / "user-cache"))
    for name, value in bench.environ.items():
        monkeypatch.setenv(name, value)
    app = typer.Typer()
    package.register(app)
    return app


def test_it_packages_every_function_and_says_where(gw: typer.Typer, bench: Bench):
    result = CliRunner().invoke(gw, ["--runtime", "python3.12", "--architecture", "arm64", "--json"])
    assert result.exit_code == 0, result.output
    (made,) = json.loads(result.stdout)
    path = Path(made["path"])
    assert path.parent == bench.root / ".groundwork" / "lambda"
    assert made == {"path": str(path), "sha256": digest_of(path), "size": path.stat().st_size}


def test_an_unknown_function_is_answered_with_the_known_ones(gw: typer.Typer):
    result = CliRunner().invoke(gw, ["great"])
    assert isinstance(result.exception, UsageError)
    assert result.exception.fix == "name one of greet"


def test_locking_rewrites_requirements_txt_from_requirements_in(gw: typer.Typer, bench: Bench):
    (bench.function / "requirements.in").write_text("")
    result = CliRunner().invoke(gw, ["greet", "--lock", "--runtime", "python3.12", "--architecture", "arm64"])
    assert result.exit_code == 0, result.output
    assert "--hash" not in (bench.function / "requirements.txt").read_text()
