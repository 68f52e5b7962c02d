"""Exit codes, which a pipeline reads: how several outcomes become a number, and that all documentation agrees."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from groundwork import cli, errors
from groundwork.cli import HELP, application, diff, drift, recover, review
from groundwork.drift import StackDrift
from groundwork.errors import GroundworkError, TerraformFailed
from groundwork.plan.diff import StackDiff, Status
from groundwork.plan.drifted import Difference

# Command → its exit codes other than 0 when nothing failed.
ANSWERS = {
    "diff": {diff.CHANGES, diff.NOT_PLANNED, diff.DESTROYS, diff.ORPHANED},
    "review": {review.CHANGES, review.HIGH},
    "drift": {drift.UNDEPLOYED, drift.NOT_COMPARED, drift.DRIFTED},
    "recover": {recover.UNSETTLED},
}
# Status → exit code, in the order of `gw diff --help`; of several stacks the last in this order counts.
DIFF = {
    "no change": 0,
    "untouched": 0,
    "change": 20,
    "destroy": 23,
    "replace": 23,
    "orphaned": 24,
    "blocked": 21,
    "waiting": 21,
    "not planned: provider missing": 21,
    "not planned: no cluster": 21,
    "error": 6,
}
TOUCHED = (Difference("aws_sqs_queue.it", ("tags",), "changed"),)
DRIFT = {
    "fine": (StackDrift("local-fine"), 0),
    "undeployed": (StackDrift("local-undeployed", undeployed=TOUCHED), 20),
    "removed": (StackDrift("local-removed", in_code=False), 20),
    "not deployed": (StackDrift("local-new", not_deployed=True), 20),
    "drift": (StackDrift("local-drift", drift=TOUCHED), 25),
    "not compared": (StackDrift("local-addons", why="the Helm provider cannot be installed here"), 21),
    "error": (StackDrift("local-error", why="no answer", failed=True), 6),
}


def diffs(*statuses: Status) -> list[StackDiff]:
    return [StackDiff(f"local-{number}", status) for number, status in enumerate(statuses)]


@pytest.mark.parametrize("status", list(Status))
def test_a_diff_ends_with_the_code_of_its_stack_s_status(status: Status) -> None:
    assert diff.exit_code(diffs(status)) == DIFF[status]


def test_a_diff_of_no_stack_ends_with_0() -> None:
    assert diff.exit_code([]) == 0


@pytest.mark.parametrize("status", list(Status))
def test_a_diff_of_several_stacks_ends_with_the_last_code_in_its_help(status: Status) -> None:
    order = list(dict.fromkeys(DIFF.values()))
    for other in Status:
        expected = max(DIFF[status], DIFF[other], key=order.index)
        assert diff.exit_code(diffs(status, other)) == expected, other
        assert diff.exit_code(diffs(Status.UNCHANGED, other, status, Status.UNTOUCHED)) == expected, other


def test_the_help_of_diff_names_the_codes_in_that_order() -> None:
    text = " ".join(help_of("diff").partition("Ends with ")[2].split())
    text = text.partition("Examples:")[0]
    assert list(dict.fromkeys(map(int, re.findall(r"\b\d+\b", text)))) == list(dict.fromkeys(DIFF.values()))
    assert "if several apply, with the last in this list" in text


@pytest.mark.parametrize("status", DRIFT)
def test_a_drift_of_several_stacks_ends_with_the_worst_code(status: str) -> None:
    """A stack that was not looked at is never passed over: its code outranks the ones that a pipeline accepts."""
    order = [0, 20, 25, 21, 6]
    for pair in ([DRIFT[status], other] for other in DRIFT.values()):
        assert drift.exit_code([stack for stack, _ in pair]) == max((code for _, code in pair), key=order.index)


@pytest.mark.parametrize("command", ANSWERS)
def test_the_help_of_a_command_lists_its_exit_codes(command: str) -> None:
    text = help_of(command).partition("Ends with ")[2]
    assert ANSWERS[command] <= set(map(int, re.findall(r"\b\d+\b", text)))


@pytest.mark.parametrize("command", ANSWERS)
def test_the_general_help_lists_the_exit_codes_of_a_command(command: str) -> None:
    match = re.search(rf"`gw {command}`([^`:]*)", HELP.partition("interrupted.")[2])
    assert match
    assert set(map(int, re.findall(r"\b\d+\b", match[1]))) == ANSWERS[command]


def test_the_table_in_the_runbooks_lists_exactly_the_exit_codes(checkout: Path) -> None:
    table = documented(checkout)
    answers = {code for codes in ANSWERS.values() for code in codes}
    assert set(table) == {kind.exit_code for kind in failures()} | answers
    for code, what in table.items():
        if code in answers:
            commands = {command for command, codes in ANSWERS.items() if code in codes}
            assert set(re.findall(r"`gw (\w+)`", what)) == commands, f"{code}: {what}"


def test_no_failure_has_the_exit_code_of_a_result() -> None:
    answers = {code for codes in ANSWERS.values() for code in codes}
    assert not answers & {kind.exit_code for kind in failures()}
    assert TerraformFailed.exit_code == DIFF[Status.ERROR]


def failures(base: type[GroundworkError] = GroundworkError) -> Iterator[type[GroundworkError]]:
    for kind in base.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
        yield from failures(kind)


def documented(checkout: Path) -> dict[int, str]:
    """Exit code → what happened, from the table in docs/runbooks."""
    text = (checkout / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")
    return {int(code): what for code, what in re.findall(r"^\| (\d+) \| ([^|]+) \|", text, re.MULTILINE)}


def help_of(command: str) -> str:
    made = get_command(application())
    return made.commands[command].help or ""  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_disk_or_a_missing_right_is_named_with_its_file(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main_of(OSError(number, os.strerror(number), "/checkout/file"), monkeypatch)
    assert ended.value.code == errors.UsageError.exit_code
    printed = capsys.readouterr().err
    assert f"/checkout/file: {os.strerror(number)}" in printed
    assert "`gw recover`" in printed


def test_any_other_error_of_the_system_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        main_of(FileNotFoundError(errno.ENOENT, "No such file", "/checkout/file"), monkeypatch)


def main_of(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line around a command that raises this."""

    def command() -> None:
        raise error

    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(cli, "application", lambda: command)
    cli.main()
