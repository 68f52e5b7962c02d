"""The table of `gw diff` has a row per stack with its changes, or with the reason why it was not planned."""

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


def shown(monkeypatch: pytest.MonkeyPatch, *diffs: StackDiff, **options: dict[str, int]) -> tuple[list[str], str]:
    """The rows below the heading, and what goes to standard error."""
    out, err = StringIO(), StringIO()
    monkeypatch.setattr(console, "err", Console(file=err, width=120))
    diff.show(diffs, text=False, to=Console(file=out, width=120), **options)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()[1:]], err.getvalue()


def test_a_failed_stack_has_terraforms_error_in_its_row_and_in_full_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, below = shown(monkeypatch, StackDiff("local-api", Status.ERROR, why=TERRAFORM))
    assert rows == ["local-api error Reference to undeclared resource"]
    assert "on cdk.tf.json line 32" in below


def test_a_failure_without_a_terraform_error_shows_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
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
