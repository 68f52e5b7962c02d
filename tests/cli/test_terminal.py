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


def test_the_shell_completes_commands(checkout: Path) -> None:
    gw = Path(sys.executable).with_name("gw")
    environ = {**os.environ, "_GW_COMPLETE": "complete_bash", "COMP_WORDS": "gw dep", "COMP_CWORD": "1"}
    done = subprocess.run([gw], cwd=checkout, env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["deploy"]
