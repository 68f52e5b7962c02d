"""On a terminal there are progress bars and completion, elsewhere plain lines."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from groundwork.cli import console
from groundwork.errors import UsageError


@pytest.mark.parametrize("terminal", [True, False])
def test_long_work_has_a_bar_on_a_terminal_and_plain_lines_elsewhere(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    out = StringIO()
    monkeypatch.setattr(console, "err", Console(file=out, force_terminal=terminal, width=100))
    with console.bars() as bars:
        bars.begin("local-network", total=2, doing="deploying")
        bars.advance("local-network", "aws_vpc.it")
        bars.advance("local-network")
        bars.end("local-network", "deployed")
    printed = out.getvalue()
    assert "deployed" in printed
    assert ("━" in printed) is terminal
    assert ("\x1b[" in printed) is terminal
    assert ("local-network: deploying (2 resources)" in printed) is not terminal


HOSTILE = "feature\x1b]0;owned\x07\x1b[2J\u202egnp[red]"


@pytest.mark.parametrize("terminal", [True, False])
def test_names_and_messages_cannot_act_on_the_terminal(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    written = StringIO()
    made = type(console.out)(file=written, force_terminal=terminal, width=200, soft_wrap=True)
    monkeypatch.setattr(console, "out", made)
    monkeypatch.setattr(console, "err", made)
    console.say(console.escape(HOSTILE))
    console.show_error(UsageError(HOSTILE, fix=HOSTILE))
    table = console.table("name")
    table.add_row(console.escape(HOSTILE))
    made.print(table)
    with console.bars() as bars:
        bars.begin(HOSTILE, total=None, doing=HOSTILE)
        bars.end(HOSTILE, HOSTILE)
    printed = written.getvalue()
    for character in ("\x1b]", "\x1b[2J", "\x07", "\u202e"):
        assert character not in printed
    assert printed.count(r"feature\u001b]0;owned") >= 5
    assert printed.count(r"\u202egnp[red]") >= 5


def test_the_shell_completes_commands(checkout: Path) -> None:
    gw = Path(sys.executable).with_name("gw")
    environ = {**os.environ, "_GW_COMPLETE": "complete_bash", "COMP_WORDS": "gw dep", "COMP_CWORD": "1"}
    done = subprocess.run([gw], cwd=checkout, env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["deploy"]
