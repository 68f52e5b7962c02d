"""`gw` in a process of its own, and the commands that it knows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import typer.main

from groundwork.cli import application
from tests.support import warm_gw

CHECKOUT = Path(__file__).parents[2]
"""The checkout whose `gw` runs."""
GW = (sys.executable, "-P", "-c", "from groundwork.cli import main; main()")
_CALL = re.compile(r"(?<![\w./-])gw (?P<rest>[a-z][^`\n#|;&,:<\"')]*)")


def gw(*words: str, cwd: Path, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `gw WORDS`, with this process's environment by default."""
    return warm_gw.run(warm_gw.server(CHECKOUT), words, cwd=cwd, environ=os.environ if environ is None else environ)


def calls(text: str) -> Iterator[list[str]]:
    """The words after `gw` of every call of it in a text."""
    return (match["rest"].split() for match in _CALL.finditer(text))


def problem(words: Sequence[str]) -> str:
    """What is wrong with `gw WORDS`: an unknown command, subcommand or option; empty if nothing is."""
    command = _command_line()
    for word in words:
        if hasattr(command, "commands") and not word.startswith("-"):
            if word not in command.commands:
                return f"{word} is not a command of {command.name or 'gw'}"
            command = command.commands[word]
        elif match := re.match(r"--[a-z][a-z-]*", word):
            known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            if match[0] not in {*known, "--help"}:
                return f"{match[0]} is not an option of {command.name}"
    return ""


@cache
def _command_line() -> Any:
    return typer.main.get_command(application())
