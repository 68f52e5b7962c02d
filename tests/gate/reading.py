"""Looks things up in a list of refusals, and whether what they tell people to type exists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import typer.main

from groundwork.cli import application
from groundwork.refusals import Code, Refusal

_CALL = re.compile(r"\bgw ((?:[a-z]+ ?)+)")
_OPTION = re.compile(r"--[a-z][a-z-]+")


def codes(refusals: Iterable[Refusal]) -> set[Code]:
    """Which reasons there are."""
    return {refusal.code for refusal in refusals}


def only(refusals: Iterable[Refusal], code: Code) -> Refusal:
    """The only refusal with a code."""
    (refusal,) = [refusal for refusal in refusals if refusal.code is code]
    return refusal


def wrong_command(refusal: Refusal) -> str:
    """Why nobody can follow a refusal; empty where `gw --help` knows every command and option that it names."""
    calls = list(_CALL.finditer(refusal.command))
    if not calls:
        return f"{refusal.code} names no command of gw: {refusal.command}"
    for call in calls:
        command: Any = _command_line()
        for word in call[1].split():
            if not hasattr(command, "commands"):
                break
            if word not in command.commands:
                return f"{refusal.code}: gw {call[1]} does not exist"
            command = command.commands[word]
        rest = refusal.command[call.start() :]
        for option in _OPTION.findall(rest.partition("(")[0].partition(";")[0]):
            if option not in {name for parameter in command.params for name in parameter.opts}:
                return f"{refusal.code}: {command.name} has no {option}"
    return ""


@cache
def _command_line() -> Any:
    return typer.main.get_command(application())
