"""What the pages and the error messages tell people to type exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from groundwork import errors
from groundwork.cli import HELP, application
from groundwork.errors import GroundworkError

CALL = re.compile(r"(?<![\w./-])gw (?P<rest>[a-z][^`\n#|;&,:<\"')]*)")
LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(#[^)]*)?\)")


@pytest.fixture(scope="module")
def command_line() -> Any:
    """`gw` with all its commands."""
    return typer.main.get_command(application())


def pages(checkout: Path) -> list[Path]:
    return [checkout / "README.md", *sorted((checkout / "docs").rglob("*.md"))]


def sources(checkout: Path) -> list[Path]:
    return [path for folder in ("groundwork", "stacks") for path in sorted((checkout / folder).rglob("*.py"))]


def calls(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Place and words of every `gw …` in a file."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        spoken = line.partition("# ")[0] if path.suffix == ".py" else line  # comments speak of gw, they call nothing
        for match in CALL.finditer(spoken):
            yield f"{path.name}:{number}: gw {match['rest']}", match["rest"].split()


def problem(group: Any, words: list[str]) -> str:
    """What is wrong with a call: an unknown command, subcommand or option; empty where nothing is."""
    command = group
    for word in words:
        if hasattr(command, "commands") and not word.startswith("-"):
            if word not in command.commands:
                return f"{word} is no command of {command.name or 'gw'}"
            command = command.commands[word]
        elif match := re.match(r"--[a-z][a-z-]*", word):
            known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            if match[0] not in {*known, "--help"}:
                return f"{match[0]} is no option of {command.name}"
    return ""


def test_every_command_in_the_pages_exists(checkout: Path, command_line: Any) -> None:
    named = [call for page in pages(checkout) for call in calls(page)]
    assert len(named) > 10
    wrong = [f"{where}: {what}" for where, words in named if (what := problem(command_line, words))]
    assert not wrong, "\n".join(wrong)


def test_every_command_that_an_error_or_a_docstring_names_exists(checkout: Path, command_line: Any) -> None:
    named = [call for source in sources(checkout) for call in calls(source)]
    # In code the words after the command are often computed, so only the command itself is looked at.
    wrong = [f"{where}: {what}" for where, words in named if (what := problem(command_line, words[:1]))]
    assert not wrong, "\n".join(wrong)


def test_a_command_that_does_not_exist_would_be_found(command_line: Any) -> None:
    assert problem(command_line, ["deplyo"]) == "deplyo is no command of gw"
    assert problem(command_line, ["local", "upp"]) == "upp is no command of local"
    assert problem(command_line, ["check", "--waiver"]) == "--waiver is no option of check"
    assert not problem(command_line, ["check", "prod", "--waivers"])


def test_every_make_target_in_the_pages_exists(checkout: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (checkout / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in pages(checkout):
        for target in re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8")):
            assert target in targets, f"{page.name}: make {target}"


def test_every_link_between_pages_leads_somewhere(checkout: Path) -> None:
    dead = [
        f"{page.relative_to(checkout)}: {match['target']}"
        for page in pages(checkout)
        for match in LINK.finditer(page.read_text(encoding="utf-8"))
        if "://" not in match["target"] and not (page.parent / match["target"]).exists()
    ]
    assert not dead, "\n".join(dead)


def error_classes(base: type[GroundworkError] = GroundworkError) -> Iterator[type[GroundworkError]]:
    for kind in base.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
        yield from error_classes(kind)


@pytest.mark.parametrize("kind", list(error_classes()), ids=lambda kind: kind.__name__)
def test_every_exit_code_stands_in_the_error_tree_and_in_the_help(kind: type[GroundworkError]) -> None:
    assert re.search(rf"── {kind.__name__} +{kind.exit_code}\b", errors.__doc__ or "")
    listed = HELP.partition("Exit codes:")[2].partition("`gw diff`")[0]
    assert re.search(rf"\b{kind.exit_code} [A-Za-z]", listed), f"gw --help does not say what {kind.exit_code} means"


def test_no_two_errors_share_an_exit_code() -> None:
    codes = [kind.exit_code for kind in error_classes() if kind.__bases__ == (GroundworkError,)]
    assert len(set(codes)) == len(codes)
