"""`gw init`: writes a new owner's organisation, accounts, region, domain and repository into the files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from groundwork.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Set-up")
    def init(
        organisation: Annotated[str, typer.Option(help="Begins every name: 2 to 16 of a-z, 0-9 and -.", prompt=True)],
        repository: Annotated[str, typer.Option(help="GitHub repository, owner/name.", prompt=True)],
        region: Annotated[
            list[str] | None,
            typer.Option(help="AWS region of all, or ENVIRONMENT=REGION of one; asked for where missing."),
        ] = None,
        account: Annotated[
            list[str] | None,
            typer.Option(help="ENVIRONMENT=NUMBER, once per environment; asked for where missing."),
        ] = None,
        archive_account: Annotated[
            list[str] | None,
            typer.Option(help="ENVIRONMENT=NUMBER of the account that keeps records; asked for where missing."),
        ] = None,
        domain: Annotated[
            str | None, typer.Option(help="DNS domain of the APIs; empty for none. Asked for on a terminal.")
        ] = None,
    ) -> None:
        """Fill the environment files with your organisation, accounts, regions and domain, and name the repository in
        the workflow files.

        Every answer is checked before the first file changes; comments stay. Example:

        gw init --organisation initech --region eu-west-1 --repository initech/platform
        --account dev=210987654321 --archive-account dev=321098765432 …
        """
        from groundwork.github.ownership import hand_over
        from groundwork.paths import Project
        from stacks.values import LAPTOP_ACCOUNT, load_all
        from stacks.values.template import Answers, fill

        project = Project.find(Path.cwd())
        folder = project.environments
        names = [e.name for e in load_all(folder) if e.accounts.main.id != LAPTOP_ACCOUNT]
        everywhere, regions = _regions(region, names)
        answers = Answers(
            organisation=organisation,
            region=everywhere,
            regions=regions,
            accounts=_numbers("--account", account, names, "Account of {}"),
            archives=_numbers("--archive-account", archive_account, names, "Archive account of {}"),
            repository=repository,
            domain=_domain(domain),
        )
        changed = fill(folder, answers) + hand_over(project.root / ".github", repository)
        for path in changed:
            console.say(f"written: {path.relative_to(project.root)}")
        if not changed:
            console.say("nothing to change: the files say so already")


def _regions(given: list[str] | None, names: list[str]) -> tuple[str, dict[str, str]]:
    """The region of all that say nothing of their own (empty where all do), and those of single environments."""
    from groundwork.errors import UsageError

    regions: dict[str, str] = {}
    everywhere = ""
    for word in given or []:
        name, equals, region = word.rpartition("=")
        if equals and name not in names:
            raise UsageError(
                f"--region {word!r} is not ENVIRONMENT=REGION (environments: {', '.join(names)})",
                fix=f"--region {names[0] if names else 'dev'}=eu-west-2",
            )
        if equals:
            regions[name] = region
        else:
            everywhere = region
    if not everywhere and set(names) - set(regions):
        everywhere = str(typer.prompt("Region"))
    return everywhere, regions


def _domain(given: str | None) -> str | None:
    # Not asked for in a script: none is an answer, too.
    if given is None and sys.stdin.isatty():
        given = str(typer.prompt("Domain (empty for none)", default="", show_default=False))
    return given or None


def _numbers(option: str, given: list[str] | None, names: list[str], question: str) -> dict[str, str]:
    from groundwork.errors import UsageError

    numbers: dict[str, str] = {}
    for pair in given or []:
        name, equals, number = pair.partition("=")
        if not equals or name not in names:
            raise UsageError(
                f"{option} {pair!r} is not ENVIRONMENT=NUMBER (environments: {', '.join(names)})",
                fix=f"{option} {names[0] if names else 'dev'}=123456789012",
            )
        numbers[name] = number
    return {name: numbers.get(name) or str(typer.prompt(question.format(name))) for name in names}
