"""How the command line answers: exit codes, errors with a fix, and nothing on standard output but the result."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

ARGUMENTS = ["-c", "from groundwork.cli import main; main()"]


def gw(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *ARGUMENTS, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(checkout: Path, tmp_path: Path) -> Path:
    """A checkout with nothing in it but what the environment files need."""
    shutil.copy2(checkout / "cdktf.json", tmp_path)
    shutil.copytree(checkout / "environments", tmp_path / "environments")
    return tmp_path


def test_outside_of_a_checkout_the_error_says_so(tmp_path: Path) -> None:
    done = gw("list", cwd=tmp_path)
    assert done.returncode == 2
    assert "is not inside a Groundwork checkout" in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_init_writes_every_environment_and_the_second_run_has_nothing_to_do(copy: Path) -> None:
    arguments = ["init", "--organisation", "initech", "--region", "eu-west-1", "--repository", "initech/platform"]
    for number, name in enumerate(("dev", "staging", "prod"), start=1):
        arguments += ["--account", f"{name}=12345678901{number}", "--archive-account", f"{name}=98765432109{number}"]
    first = gw(*arguments, cwd=copy)
    assert first.returncode == 0, first.stderr
    assert "written: environments/prod.yaml" in first.stdout
    assert "organisation: initech" in (copy / "environments/local.yaml").read_text(encoding="utf-8")
    assert "nothing to change" in gw(*arguments, cwd=copy).stdout


def test_init_asks_on_a_terminal_for_what_is_not_given(copy: Path) -> None:
    words = ["init", "--organisation", "initech", "--archive-account", "dev=987654321091"]
    child = pexpect.spawn(sys.executable, [*ARGUMENTS, *words], cwd=str(copy), encoding="utf-8", timeout=30)
    for question, answer in (
        ("Repository", "initech/platform"),
        ("Region", "eu-west-1"),
        ("Account of dev", "123456789011"),
        ("Account of prod", "123456789012"),
        ("Account of staging", "123456789013"),
        ("Archive account of prod", "987654321092"),
        ("Archive account of staging", "987654321093"),
        ("Domain", "initech.example"),
    ):
        child.expect_exact(question)
        child.sendline(answer)
    child.expect_exact("written: environments/dev.yaml")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    prod = (copy / "environments" / "prod.yaml").read_text(encoding="utf-8")
    for text in ("organisation: initech", "region: eu-west-1", "123456789012", "987654321092", "prod.initech.example"):
        assert text in prod


def test_a_region_of_an_environment_that_is_not_there_is_refused(copy: Path) -> None:
    done = gw("init", "--organisation", "x1", "--region", "dve=eu-west-1", "--repository", "a/b", cwd=copy)
    assert done.returncode == 2
    assert "--region 'dve=eu-west-1' is not ENVIRONMENT=REGION (environments: dev, prod, staging)" in done.stderr


def test_a_wrong_answer_to_init_names_the_option_and_an_example(copy: Path) -> None:
    done = gw(
        "init", "--organisation", "x1", "--region", "eu-west-1", "--repository", "a/b", "--account", "dve=1", cwd=copy
    )  # fmt: skip
    assert done.returncode == 2
    assert "--account 'dve=1' is not ENVIRONMENT=NUMBER (environments: dev, prod, staging)" in done.stderr


def test_a_mistake_in_an_environment_file_ends_with_3_before_anything_runs(copy: Path) -> None:
    path = copy / "environments/dev.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("nat: single", "nat: sinlge"), encoding="utf-8")
    done = gw("init", "--organisation", "x1", "--region", "eu-west-1", "--repository", "a/b", cwd=copy)
    assert done.returncode == 3
    assert "dev.yaml:" in done.stderr
    assert "network.nat: is not one of the choices (got 'sinlge')" in done.stderr


def test_a_command_that_destroys_asks_and_without_a_terminal_wants_yes(copy: Path) -> None:
    done = gw("local", "reset", cwd=copy)
    assert done.returncode == 2
    assert "there is no terminal to confirm it" in done.stderr
    assert "add --yes" in done.stderr


def test_status_of_an_embedded_aws_that_does_not_run_ends_with_9_and_the_command(copy: Path) -> None:
    done = gw("local", "status", cwd=copy)
    assert done.returncode == 9
    assert "gw local up" in done.stderr


def test_the_schema_is_printed_as_json_and_nothing_else(copy: Path) -> None:
    assert json.loads(gw("schema", cwd=copy).stdout)["title"] == "Groundwork environment"


def test_every_command_explains_itself_with_an_example() -> None:
    from groundwork.cli import application

    for command in application().registered_commands:
        assert command.callback
        text = command.callback.__doc__ or ""
        assert len(text.split()) > 5, command.name
        name = command.name or command.callback.__name__.replace("_", "-")
        assert name in {"doctor", "setup", "demo"} or "gw " in text, f"{name} shows no example"
