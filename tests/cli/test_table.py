"""Tables: plain lines in a pipe, nothing broken inside a word on a narrow terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from groundwork.table import Table

PATH = "/home/ada/.cache/groundwork/tools/helm/d2212b18106dedf9/helm"
HELM = f"{PATH} (built from tools/helm)"


def printed(table: Table, *, width: int, terminal: bool) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, soft_wrap=True)
    console.print(table)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.fixture
def tools() -> Table:
    table = Table(("", "tool", "from", "fix"))
    table.add_row("[green]✓", "helm", HELM)
    table.add_row("[yellow]-", "act", "neither on PATH nor built yet", "make test")
    return table


def test_a_pipe_gets_one_aligned_line_per_row(tools: Table) -> None:
    assert printed(tools, width=40, terminal=False) == [
        f"   tool  {'from'.ljust(len(HELM))}  fix",
        f"✓  helm  {HELM}",
        f"-  act   {'neither on PATH nor built yet'.ljust(len(HELM))}  make test",
    ]


def test_a_wide_terminal_gets_the_same_lines(tools: Table) -> None:
    assert printed(tools, width=200, terminal=True) == printed(tools, width=40, terminal=False)


def test_on_80_columns_the_widest_column_moves_below_its_row(tools: Table) -> None:
    assert printed(tools, width=80, terminal=True) == [
        "   tool  fix",
        "✓  helm",
        f"    from: {PATH} (built",
        "      from tools/helm)",
        "-  act   make test",
        "    from: neither on PATH nor built yet",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_no_word_is_broken_at_any_width(tools: Table, width: int) -> None:
    words = " ".join(printed(tools, width=width, terminal=True)).split()
    assert {PATH, "tools/helm)", "neither", "test"} <= set(words)


def test_numbers_end_at_the_same_place() -> None:
    table = Table(("what", "ratio"), right=frozenset({"ratio"}))
    table.add_row("a", "9.5x")
    table.add_row("b", "10.2x")
    assert printed(table, width=80, terminal=False) == ["what  ratio", "a      9.5x", "b     10.2x"]
