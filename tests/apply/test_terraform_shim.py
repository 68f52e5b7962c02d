"""The terraform shim runs Terraform only to apply the approved plan."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.apply.terraform_shim import NotApproved, command
from groundwork.apply.ticket import NoTicket, StackTicket, Ticket
from groundwork.plan import digest
from groundwork.terraform.environ import terraform_environ

REAL = "/real/terraform"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stack = tmp_path / "stacks" / "local-one"
    (stack / ".terraform").mkdir(parents=True)
    (stack / "cdk.tf.json").write_text("{}")
    (stack / "plan").write_text("approved")
    return stack


@pytest.fixture
def ticket(folder: Path, tmp_path: Path) -> Ticket:
    (tmp_path / "started").mkdir()
    known = StackTicket("local-one", "plan", digest.of_folder(folder))
    return Ticket(REAL, {str(folder.resolve()): known}, str(tmp_path / "started"))


def test_an_apply_applies_the_approved_plan(folder: Path, ticket: Ticket, tmp_path: Path) -> None:
    arguments = ["apply", "-auto-approve", "-no-color", "-parallelism=4"]
    assert command(arguments, folder, ticket) == [REAL, "apply", "-input=false", "-no-color", "plan"]
    assert (tmp_path / "started" / "local-one").exists()


def test_an_init_installs_exactly_the_locked_providers(folder: Path, ticket: Ticket) -> None:
    expected = [REAL, "init", "-input=false", "-lockfile=readonly", "-no-color"]
    assert command(["init", "-no-color"], folder, ticket) == expected


def test_the_version_passes(ticket: Ticket, tmp_path: Path) -> None:
    for arguments in (["version", "-json"], ["-v"]):
        assert command(arguments, tmp_path, ticket) == [REAL, *arguments]


@pytest.mark.parametrize(
    "arguments",
    [
        ["apply"],
        ["apply", "-auto-approve", "other-plan"],
        ["apply", "-auto-approve", "-destroy"],
        ["apply", "-auto-approve", "-var=x=y"],
        ["apply", "-auto-approve", "-refresh-only"],
        ["destroy", "-auto-approve"],
        ["plan"],
        ["init", "-upgrade"],
        ["init", "-migrate-state"],
        ["providers", "lock"],
        ["output", "-json"],
        ["state", "rm", "x"],
        [],
    ],
)
def test_every_other_command_is_refused(folder: Path, ticket: Ticket, arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(NotApproved, match="does not belong to applying an approved plan"):
        command(arguments, folder, ticket)
    assert not (tmp_path / "started" / "local-one").exists()


@pytest.mark.parametrize("arguments", [["init"], ["apply", "-auto-approve"]])
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("cdk.tf.json", "{ }", "was changed"), ("override.tf.json", "{}", "was added"), ("plan", None, "is missing")],
)
def test_a_folder_that_changed_is_refused_by_every_command(
    folder: Path, ticket: Ticket, arguments: list[str], name: str, content: str | None, message: str
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(NotApproved, match=f"{name} {message}") as refused:
        command(arguments, folder, ticket)
    assert refused.value.code == "bundle-tampered"


def test_a_folder_that_is_not_on_the_ticket_is_refused(ticket: Ticket, tmp_path: Path) -> None:
    with pytest.raises(NotApproved, match="holds no approved plan"):
        command(["apply", "-auto-approve"], tmp_path, ticket)


def test_a_link_instead_of_a_file_is_refused(folder: Path, ticket: Ticket, tmp_path: Path) -> None:
    (folder / "plan").rename(tmp_path / "elsewhere")
    (folder / "plan").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotApproved, match="plan was changed"):
        command(["apply", "-auto-approve"], folder, ticket)


def test_variables_that_change_a_command_of_terraform_are_removed() -> None:
    passed = {"PATH": "/bin", "TF_CLI_CONFIG_FILE": "c", "AWS_PROFILE": "p", "TF_APPEND_USER_AGENT": "cdktf"}
    removed = ["TF_CLI_ARGS", "TF_CLI_ARGS_apply", "TF_VAR_x", "TF_DATA_DIR", "TF_WORKSPACE", "TF_REATTACH_PROVIDERS"]
    assert terraform_environ({**passed, **dict.fromkeys(removed, "x")}) == passed


def test_a_changed_or_missing_ticket_is_refused(ticket: Ticket, tmp_path: Path) -> None:
    environ = ticket.write(tmp_path / "ticket.json")
    assert Ticket.read(environ) == ticket
    (tmp_path / "ticket.json").write_text((tmp_path / "ticket.json").read_text().replace(REAL, "/bin/true"))
    with pytest.raises(NoTicket, match="not the one that was handed over"):
        Ticket.read(environ)
    with pytest.raises(NoTicket, match="only `gw deploy --approved`"):
        Ticket.read({})


def test_the_installed_shim_runs_terraform_or_prints_a_terraform_error(
    folder: Path, ticket: Ticket, tmp_path: Path
) -> None:
    real = tmp_path / "terraform"
    real.write_text(f'#!{sys.executable}\nimport os, sys\nprint(sys.argv[1:], os.environ.get("TF_CLI_ARGS"))\n')
    real.chmod(0o755)
    handed = Ticket(str(real), ticket.folders, ticket.started).write(tmp_path / "ticket.json")
    environ = {**os.environ, **handed, "TF_CLI_ARGS": "-target=x"}
    program = Path(sys.executable).parent / "groundwork-terraform"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)

    done = run("apply", "-auto-approve")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['apply', '-input=false', '-no-color', 'plan'] None"
    refused = run("apply")
    assert refused.returncode == 1
    assert "\nError: groundwork refuses: bundle-tampered: `terraform apply` does not belong" in refused.stderr
    Path(ticket.started).rename(tmp_path / "gone")  # as on a disk that is full, nothing can be written there
    broken = run("apply", "-auto-approve")
    assert (broken.returncode, broken.stdout) == (1, "")
    assert broken.stderr == f"\nError: {Path(ticket.started) / 'local-one'}: No such file or directory\n"
