"""Every command, make target and link that the documentation or an error message names exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork import errors
from groundwork.cli import HELP
from groundwork.errors import GroundworkError
from tests.support import command_line
from tests.support.command_line import problem

LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(#[^)]*)?\)")


def pages(checkout: Path) -> list[Path]:
    return [checkout / "README.md", *sorted((checkout / "docs").rglob("*.md"))]


def sources(checkout: Path) -> list[Path]:
    return [path for folder in ("groundwork", "stacks") for path in sorted((checkout / folder).rglob("*.py"))]


def calls(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Place and words of every `gw …` in a file."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        code = line.partition("# ")[0] if path.suffix == ".py" else line  # comments mention gw in passing
        for words in command_line.calls(code):
            yield f"{path.name}:{number}: gw {' '.join(words)}", words


def test_every_command_in_the_pages_exists(checkout: Path) -> None:
    named = [call for page in pages(checkout) for call in calls(page)]
    assert len(named) > 10
    wrong = [f"{where}: {what}" for where, words in named if (what := problem(words))]
    assert not wrong, "\n".join(wrong)


def test_every_command_that_an_error_or_a_docstring_names_exists(checkout: Path) -> None:
    named = [call for source in sources(checkout) for call in calls(source)]
    # In code the words after the command are often computed, so only the command itself is checked.
    wrong = [f"{where}: {what}" for where, words in named if (what := problem(words[:1]))]
    assert not wrong, "\n".join(wrong)


def test_an_unknown_command_or_option_would_be_noticed() -> None:
    assert problem(["deplyo"]) == "deplyo is not a command of gw"
    assert problem(["local", "upp"]) == "upp is not a command of local"
    assert problem(["check", "--waiver"]) == "--waiver is not an option of check"
    assert not problem(["check", "prod", "--waivers"])


def test_every_make_target_in_the_pages_exists(checkout: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (checkout / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in [*pages(checkout), checkout / "services/README.md"]:
        for target in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert target in targets, f"{page.name}: make {target}"


def test_every_link_between_pages_has_a_target(checkout: Path) -> None:
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
def test_every_exit_code_is_in_the_error_tree_and_in_the_help(kind: type[GroundworkError]) -> None:
    assert re.search(rf"── {kind.__name__} +{kind.exit_code}\b", errors.__doc__ or "")
    listed = HELP.partition("Exit codes:")[2].partition("`gw diff`")[0]
    assert re.search(rf"\b{kind.exit_code} [A-Za-z]", listed), f"gw --help does not say what {kind.exit_code} means"


def test_no_two_errors_share_an_exit_code() -> None:
    codes = [kind.exit_code for kind in error_classes() if kind.__bases__ == (GroundworkError,)]
    assert len(set(codes)) == len(codes)
