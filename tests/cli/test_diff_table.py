"""The table of `gw diff`: one row says what is with a stack, also where it could not be planned."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from groundwork.cli import console, diff
from groundwork.plan.bundle import Counts
from groundwork.plan.diff import StackDiff, Status

TERRAFORM = """local-api cannot be planned:
╷
│ Error: Reference to undeclared resource
│
│   on cdk.tf.json line 32
╵"""


def shown(monkeypatch: pytest.MonkeyPatch, *found: StackDiff, **options: dict[str, int]) -> tuple[list[str], str]:
    """The rows below the heading, and what standard error shows."""
    out, err = StringIO(), StringIO()
    monkeypatch.setattr(console, "err", Console(file=err, width=120))
    diff.show(found, text=False, to=Console(file=out, width=120), **options)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()[1:]], err.getvalue()


def test_the_row_of_a_stack_that_failed_shows_terraforms_error_and_all_of_it_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, below = shown(monkeypatch, StackDiff("local-api", Status.ERROR, why=TERRAFORM))
    assert rows == ["local-api error Reference to undeclared resource"]
    assert "on cdk.tf.json line 32" in below


def test_a_failure_without_an_error_of_terraform_shows_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = shown(monkeypatch, StackDiff("local-api", Status.ERROR, why="local-api printed nothing:\nkilled"))
    assert rows == ["local-api error local-api printed nothing:"]


def test_a_row_counts_what_would_change_or_says_why_it_is_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, below = shown(
        monkeypatch,
        StackDiff("local-network", Status.CHANGED, Counts(add=1, change=2, destroy=0)),
        StackDiff("local-data", Status.UNCHANGED, Counts(add=0, change=0, destroy=0)),
        StackDiff("local-api", Status.BLOCKED, why="waits for local-[data], which has no state yet"),
        waves={"local-network": 0, "local-data": 0, "local-api": 1},
    )
    assert rows == [
        "local-network change 1 to add, 2 to change, 0 to destroy",
        "local-data no change",
        "local-api blocked waits for local-[data], which has no state yet; wave 1: its upstream changes first",
    ]
    assert not below
