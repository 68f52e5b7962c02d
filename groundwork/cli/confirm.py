"""Asks before something cannot be undone."""

from __future__ import annotations

import sys

import typer

from groundwork.cli import console
from groundwork.errors import UsageError


def confirm(what: str, *, yes: bool, word: str = "yes") -> None:
    """Return where the person agrees; raise UsageError otherwise. Without a terminal only `--yes` counts."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this would {what}; nobody is here to agree", fix="say --yes")
    console.note(f"This would {what}.")
    if typer.prompt(f"Type {word!r} to go on", default="", show_default=False, err=True) != word:
        raise UsageError("nothing was changed")
