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
        organisation: Annotated[
            str, typer.Option(help="Beginning of every name: 2 to 16 of a-z, 0-9 and -.", prompt=True)
        ],
        repository: Annotated[str, typer.Option(help="GitHub repository, owner/name.", prompt=True)],
        region: Annotated[
            list[str] | None,
            typer.Option(help="AWS region of all environments, or ENVIRONMENT=REGION; prompts for missing ones."),
        ] = None,
        account: Annotated[
            list[str] | None,
            typer.Option(help="ENVIRONMENT=NUMBER, once per environment; prompts for missing ones."),
        ] = None,
        archive_account: Annotated[
            list[str] | None,
            typer.Option(help="ENVIRONMENT=NUMBER of the account for the archive; prompts for missing ones."),
        ] = None,
        domain: Annotated[
            str | None, typer.Option(help="DNS domain of the APIs; empty for none. Prompts on a terminal.")
        ] = None,
        cluster_role: Annotated[
            str | None,
            typer.Option(help="IAM role of those who administer the clusters; empty for none. Prompts on a terminal."),
        ] = None,
    ) -> None:
        """Write your organisation, accounts, regions and domain to the environment files, and your repository to the
        workflow files.

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
        common, regions = _regions(region, names)
        answers = Answers(
            organisation=organisation,
            region=common,
            regions=regions,
            accounts=_numbers("--account", account, names, "Account of {}"),
            archives=_numbers("--archive-account", archive_account, names, "Archive account of {}"),
            repository=repository,
            domain=_optional(domain, "Domain (empty for none)"),
            cluster_role=_optional(cluster_role, "Role of the clusters' administrators (empty for none)"),
        )
        changed = fill(folder, answers) + hand_over(project.root / ".github", repository)
        for path in changed:
            console.say(f"written: {path.relative_to(project.root)}")
        if not changed:
            console.say("nothing to change: the files have these values already")


def _regions(values: list[str] | None, names: list[str]) -> tuple[str, dict[str, str]]:
    """The common region (empty where every environment has its own), and the regions of single environments."""
    from groundwork.errors import UsageError

    regions: dict[str, str] = {}
    common = ""
    for word in values or []:
        name, equals, region = word.rpartition("=")
        if equals and name not in names:
            raise UsageError(
                f"--region {word!r} is not ENVIRONMENT=REGION (environments: {', '.join(names)})",
                fix=f"--region {names[0] if names else 'dev'}=eu-west-2",
            )
        if equals:
            regions[name] = region
        else:
            common = region
    if not common and set(names) - set(regions):
        common = str(typer.prompt("Region"))
    return common, regions


def _optional(answer: str | None, question: str) -> str | None:
    # A script is not prompted: none is a valid answer, too.
    if answer is None and sys.stdin.isatty():
        answer = str(typer.prompt(question, default="", show_default=False))
    return answer or None


def _numbers(option: str, values: list[str] | None, names: list[str], question: str) -> dict[str, str]:
    from groundwork.errors import UsageError

    numbers: dict[str, str] = {}
    for pair in values or []:
        name, equals, number = pair.partition("=")
        if not equals or name not in names:
            raise UsageError(
                f"{option} {pair!r} is not ENVIRONMENT=NUMBER (environments: {', '.join(names)})",
                fix=f"{option} {names[0] if names else 'dev'}=123456789012",
            )
        numbers[name] = number
    return {name: numbers.get(name) or str(typer.prompt(question.format(name))) for name in names}
