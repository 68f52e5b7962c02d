"""The command line: exit codes, errors with a fix, and nothing but the result on standard output."""

from __future__ import annotations

import json
from pathlib import Path

import pexpect

from groundwork.cli import application
from tests.support.command_line import GW, gw


def test_outside_of_a_checkout_the_error_says_so(tmp_path: Path) -> None:
    done = gw("list", cwd=tmp_path)
    assert done.returncode == 2
    assert "is not inside a Groundwork checkout" in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_init_writes_every_environment_and_a_second_run_changes_nothing(bare_checkout: Path) -> None:
    arguments = ["init", "--organisation", "initech", "--region", "eu-west-1", "--repository", "initech/platform"]
    for number, name in enumerate(("dev", "staging", "prod"), start=1):
        arguments += ["--account", f"{name}=12345678901{number}", "--archive-account", f"{name}=98765432109{number}"]
    first = gw(*arguments, cwd=bare_checkout)
    assert first.returncode == 0, first.stderr
    assert "written: environments/prod.yaml" in first.stdout
    assert "organisation: initech" in (bare_checkout / "environments/local.yaml").read_text(encoding="utf-8")
    assert "nothing to change" in gw(*arguments, cwd=bare_checkout).stdout


def test_init_asks_on_a_terminal_for_values_without_an_option(bare_checkout: Path) -> None:
    words = ["init", "--organisation", "initech", "--archive-account", "dev=987654321091"]
    program, *arguments = (*GW, *words)
    child = pexpect.spawn(program, arguments, cwd=str(bare_checkout), encoding="utf-8", timeout=30)
    for question, answer in (
        ("Repository", "initech/platform"),
        ("Region", "eu-west-1"),
        ("Account of dev", "123456789011"),
        ("Account of prod", "123456789012"),
        ("Account of staging", "123456789013"),
        ("Archive account of prod", "987654321092"),
        ("Archive account of staging", "987654321093"),
        ("Domain", "initech.example"),
        ("Role of the clusters' administrators", "operators"),
    ):
        child.expect_exact(question)
        child.sendline(answer)
    child.expect_exact("written: environments/dev.yaml")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    prod = (bare_checkout / "environments" / "prod.yaml").read_text(encoding="utf-8")
    for text in (
        "organisation: initech",
        "region: eu-west-1",
        "123456789012",
        "987654321092",
        "prod.initech.example",
        "arn:aws:iam::123456789012:role/operators",
    ):
        assert text in prod


def test_init_refuses_a_region_for_an_unknown_environment(bare_checkout: Path) -> None:
    done = gw("init", "--organisation", "x1", "--region", "dve=eu-west-1", "--repository", "a/b", cwd=bare_checkout)
    assert done.returncode == 2
    assert "--region 'dve=eu-west-1' is not ENVIRONMENT=REGION (environments: dev, prod, staging)" in done.stderr


def test_init_refuses_a_wrong_option_with_its_form(bare_checkout: Path) -> None:
    words = ["init", "--organisation", "x1", "--region", "eu-west-1", "--repository", "a/b", "--account", "dve=1"]
    done = gw(*words, cwd=bare_checkout)
    assert done.returncode == 2
    assert "--account 'dve=1' is not ENVIRONMENT=NUMBER (environments: dev, prod, staging)" in done.stderr


def test_a_mistake_in_an_environment_file_ends_with_3_before_anything_runs(bare_checkout: Path) -> None:
    path = bare_checkout / "environments/dev.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("nat: single", "nat: sinlge"), encoding="utf-8")
    done = gw("init", "--organisation", "x1", "--region", "eu-west-1", "--repository", "a/b", cwd=bare_checkout)
    assert done.returncode == 3
    assert "dev.yaml:" in done.stderr
    assert "network.nat: is not one of the choices (got 'sinlge')" in done.stderr


def test_a_destroying_command_needs_yes_without_a_terminal(bare_checkout: Path) -> None:
    done = gw("local", "reset", cwd=bare_checkout)
    assert done.returncode == 2
    assert "there is no terminal to confirm it" in done.stderr
    assert "add --yes" in done.stderr


def test_status_without_an_embedded_aws_ends_with_9_and_the_command(bare_checkout: Path) -> None:
    done = gw("local", "status", cwd=bare_checkout)
    assert done.returncode == 9
    assert "gw local up" in done.stderr


def test_schema_prints_only_json(bare_checkout: Path) -> None:
    assert json.loads(gw("schema", cwd=bare_checkout).stdout)["title"] == "Groundwork environment"


def test_every_command_explains_itself_with_an_example() -> None:
    for command in application().registered_commands:
        assert command.callback
        text = command.callback.__doc__ or ""
        assert len(text.split()) > 5, command.name
        name = command.name or command.callback.__name__.replace("_", "-")
        assert name in {"doctor", "setup", "demo"} or "gw " in text, f"{name} shows no example"
