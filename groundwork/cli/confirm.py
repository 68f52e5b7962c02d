"""Asks for confirmation before something that cannot be undone."""

from __future__ import annotations

import sys

import typer

from groundwork.cli import console
from groundwork.errors import UsageError


def confirm(what: str, *, confirmed: bool, word: str = "yes") -> None:
    """Return if the user confirms; raise UsageError otherwise. Without a terminal only `--yes` confirms."""
    if confirmed:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this would {what}; there is no terminal to confirm it", fix="add --yes")
    console.note(f"This would {what}.")
    if typer.prompt(f"Type {word!r} to continue", default="", show_default=False, err=True) != word:
        raise UsageError("not confirmed; nothing was changed")
