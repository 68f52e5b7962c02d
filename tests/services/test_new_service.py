"""`gw new service` writes a service whose tests pass, and adds it to the workspace."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from groundwork.errors import UsageError
from stacks.commands import new_service
from stacks.images.builder import Image
from stacks.laptop import releases

KEPT = ("pyproject.toml", "conftest.py", "servicekit", "workloads.yaml")


@pytest.fixture
def services(tmp_path: Path, checkout: Path) -> Path:
    """The workspace without its services."""
    for name in KEPT:
        source, target = checkout / "services" / name, tmp_path / "services" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path / "services"


@pytest.mark.slow
def test_the_tests_and_types_of_a_new_service_pass(services: Path, checkout: Path) -> None:
    programs = checkout / "services/.venv/bin"
    if not (programs / "pytest").exists():
        pytest.skip("the services' packages are not installed; `tools/setup.sh services` does that")
    new_service.write(services, "greetings")
    environ = {**os.environ, "PYTHONPATH": str(services / "greetings/src")}
    for command in (["pytest", "-q", "-n", "0", "greetings"], ["mypy", "greetings/src"]):
        words = [str(programs / command[0]), *command[1:]]
        done = subprocess.run(words, cwd=services, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 passed" in done.stdout or "no issues found" in done.stdout


def test_it_becomes_a_member_of_the_workspace_and_comments_stay(services: Path) -> None:
    before = (services / "pyproject.toml").read_text()
    written = new_service.write(services, "greetings")
    assert written == [services / "greetings", services / "workloads.yaml", services / "pyproject.toml"]
    after = (services / "pyproject.toml").read_text()
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]
    document = tomllib.loads(after)
    assert document["tool"]["uv"]["sources"]["greetings"] == {"workspace": True}
    assert "greetings/tests" in document["tool"]["pytest"]["ini_options"]["testpaths"]
    assert "NAME" not in "".join(path.read_text() for path in (services / "greetings").rglob("*.py"))


def test_gw_services_runs_it_beside_the_others(services: Path) -> None:
    before = releases.read(services / "workloads.yaml")
    new_service.write(services, "greetings")
    images = {name: Image(name, "1") for name in (*before, "greetings")}
    entries = releases.workloads(releases.read(services / "workloads.yaml"), images, {name: [5432] for name in images})
    assert [*entries] == [*before, "greetings"]
    assert (entries["greetings"].namespace, entries["greetings"].secrets) == ("greetings", ["greetings"])


def test_after_an_interruption_the_rest_is_done(services: Path) -> None:
    text = (services / "pyproject.toml").read_text()
    new_service.write(services, "greetings")
    (services / "pyproject.toml").write_text(text)
    (services / "greetings" / "mine.txt").touch()
    assert new_service.write(services, "greetings") == [services / "pyproject.toml"]
    assert (services / "greetings" / "mine.txt").exists()


@pytest.mark.parametrize("name", ["Greetings", "9lives", "g", "my-service", "my_service", "../out", "email", ""])
def test_a_name_that_is_no_package_s_is_refused(services: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a service"):
        new_service.write(services, name)
    assert sorted(path.name for path in services.iterdir()) == sorted(KEPT)


def test_a_service_that_exists_is_not_overwritten(services: Path) -> None:
    new_service.write(services, "greetings")
    with pytest.raises(UsageError, match="exists"):
        new_service.write(services, "greetings")


def test_a_workspace_in_another_layout_is_left_as_it_is(services: Path) -> None:
    text = (services / "pyproject.toml").read_text().replace("testpaths = [", "testpaths = [\n")
    (services / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match="testpaths did not get greetings"):
        new_service.write(services, "greetings")
    assert (services / "pyproject.toml").read_text() == text
    assert not (services / "greetings").exists()
