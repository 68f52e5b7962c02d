"""`gw github`: the repository's settings on GitHub, comments on pull requests, and runs of the deploy workflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console, github_runs
from groundwork.cli.arguments import Json

if TYPE_CHECKING:
    from groundwork.github.api import GitHub
    from groundwork.github.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    github = typer.Typer(help="GitHub: the protection of environments, and comments on pull requests.")
    app.add_typer(github, name="github", rich_help_panel="Pipeline")
    for add in (_add_setup, _add_check, _add_comment, _add_annotate, _add_sarif, github_runs.register):
        add(github)


def _add_setup(github: typer.Typer) -> None:
    @github.command()
    def setup(
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Show every call and make none.")] = False,
        json: Json = False,
    ) -> None:
        """Set environments, reviewers, branch and tag protection, variables and Actions to match the values.

        Makes only calls that correct a difference; needs an administrator's GITHUB_TOKEN. With --dry-run and no token
        it shows all calls, as for a new repository. Example: `gw github setup --dry-run`
        """
        import os

        from groundwork.github import check as checking
        from groundwork.github.api import GitHub
        from groundwork.github.difference import EmptyRepository
        from groundwork.github.limits import Limits
        from groundwork.github.setup import setup as set_up

        settings = _settings()
        offline = dry_run and not (os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN"))
        api = None if offline else GitHub.of(os.environ, repository=settings.repository)
        for sentence in Limits.of(api).sentences() if api else ():
            console.note(f"[yellow]{console.escape(sentence)}[/]")
        differences = checking.check(settings, api or EmptyRepository())
        calls = [call for difference in differences for call in difference.calls]
        if dry_run:
            if not json and offline:
                console.note("GITHUB_TOKEN is not set: these are the calls for a repository without settings")
            for call in () if json else calls:
                console.say(f"[bold]{call.method}[/] {console.escape(call.absolute(settings.repository))}")
                console.say(console.escape(_pretty(call.body)) if call.body is not None else "")
        elif api:
            calls = set_up(
                api, differences, lambda call: console.note(f"{call.method} {call.absolute(settings.repository)}")
            )
        if json:
            console.print_json([vars(call) | {"path": call.absolute(settings.repository)} for call in calls])
        else:
            console.say(f"{len(calls)} calls {'would be' if dry_run else 'were'} made")


def _add_check(github: typer.Typer) -> None:
    @github.command()
    def check(
        pins: Annotated[
            bool, typer.Option("--pins", help="Compare the commits and versions of actions with their tags instead.")
        ] = False,
        json: Json = False,
    ) -> None:
        """Compare the live settings with the values; ends with 8 where a protection is missing or cannot be read.

        With --pins, ends with 8 where a workflow file pins an action to a commit that is not its version. Examples:
        `gw github check`, `gw github check --pins`
        """
        import os

        from groundwork.errors import CheckFailed
        from groundwork.github import check as checking
        from groundwork.github.api import GitHub
        from groundwork.github.limits import Limits

        settings = _settings()
        api = GitHub.of(os.environ, repository=settings.repository)
        if pins:
            _check_pins(api, json=json)
            return
        limits = list(Limits.of(api).sentences())
        differences = checking.check(settings, api)
        if json:
            entries = [{"where": each.where, "sentence": each.sentence, "fix": each.fix} for each in differences]
            console.print_json({"repository": settings.repository, "limits": limits, "differences": entries})
        for sentence in () if json else limits:
            console.say(f"[yellow]{console.escape(sentence)}[/]")
        if differences:
            raise CheckFailed(
                f"{settings.repository} does not match the values:\n"
                + "\n".join(f"  {difference}" for difference in differences),
                fix="gw github setup",
            )
        if not json:
            console.say(f"{settings.repository}: all settings match the values")


def _check_pins(api: GitHub, *, json: bool) -> None:
    from groundwork.errors import CheckFailed
    from groundwork.github import pins
    from groundwork.paths import Project

    pinned = pins.read(Project.find(Path.cwd()).root / ".github")
    wrong = list(pins.wrong(pinned, api))
    if json:
        entries = [{**vars(pin), "places": places} for pin, places in pinned.items()]
        console.print_json({"pins": entries, "wrong": wrong})
    if wrong:
        raise CheckFailed("\n".join(wrong), fix="correct the commit or the version; Dependabot changes both together")
    if not json:
        console.say(f"{len(pinned)} actions are pinned to the commits of their versions")


def _add_comment(github: typer.Typer) -> None:
    @github.command()
    def comment(
        parts: Annotated[
            list[Path],
            typer.Option(
                "--from", exists=True, help="A Markdown file, or a folder of them in the order of their names."
            ),
        ],
        pull_request: Annotated[
            int | None, typer.Option("--pull-request", help="Its number; by default from the event.")
        ] = None,
        topic: Annotated[str, typer.Option(help="Comments of one topic replace each other.")] = "review",
        author: Annotated[str, typer.Option(help="Author of the comments; by default the token's login.")] = "",
        json: Json = False,
    ) -> None:
        """Write a sticky comment on a pull request, or several where the text is too long for one.

        Where the token may not write (a fork), the text goes into the job's summary. Example:
        `gw github comment --pull-request 7 --from review/`
        """
        import os

        from groundwork.github import comment as commenting
        from groundwork.github.api import GitHub

        number = pull_request if pull_request is not None else commenting.number_of_event(os.environ)
        texts = commenting.read(parts)
        result = commenting.post(
            GitHub.of(os.environ),
            number,
            texts,
            topic=topic,
            author=author,
            summary=os.environ.get("GITHUB_STEP_SUMMARY", ""),
        )
        if json:
            console.print_json(vars(result))
        else:
            console.say(result.sentence)


def _add_annotate(github: typer.Typer) -> None:
    @github.command()
    def annotate(
        review: Annotated[
            Path, typer.Option("--from", exists=True, dir_okay=False, help="A review as JSON, from `gw review`.")
        ],
        sarif: Annotated[
            Path | None, typer.Option("--sarif", dir_okay=False, help="Also write the risks as SARIF 2.1.0.")
        ] = None,
    ) -> None:
        """Print the risks of a review as annotations at their Python lines.

        Example: `gw github annotate --from review.json --sarif review.sarif`
        """
        from pydantic import ValidationError

        from groundwork.errors import UsageError
        from groundwork.github import diagnostics
        from groundwork.github.annotations import commands
        from groundwork.github.sarif import write
        from groundwork.review.model import Review

        try:
            entries = diagnostics.of_review(Review.model_validate_json(review.read_bytes()))
        except ValidationError as error:
            raise UsageError(
                f"{review} is not a review: {error.error_count()} errors", fix="gw review BASE..HEAD --format json"
            ) from error
        if sarif:
            write(sarif, entries, tools=("review",))
        for line in commands(entry.annotation() for entry in entries):
            console.out.file.write(f"{line}\n")


def _add_sarif(github: typer.Typer) -> None:
    @github.command()
    def sarif(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="From `gw check --sarif`.")],
    ) -> None:
        """Check SARIF that a pull request's code wrote; ends with 8 where it has results in another tool's name.

        Code scanning would replace that tool's alerts. Example: `gw github sarif sarif/checks.sarif`
        """
        from groundwork.github.foreign_sarif import require_own

        console.say(f"{file}: {require_own(file)} results of our own checks")


def _settings() -> Settings:
    from groundwork import platform
    from groundwork.errors import EnvironmentFileError
    from groundwork.github.settings import desired
    from groundwork.paths import Project

    project = Project.find(Path.cwd())
    environments = platform.load(project).environments(project.environments)
    on_aws = [environment for environment in environments if environment.target == "aws"]
    repositories = {each.name: each.github.repository if each.github else None for each in on_aws}
    named = set(repositories.values())
    repository = next(iter(named), None)
    if len(named) != 1 or repository is None:
        listed = ", ".join(f"{name}: {repository}" for name, repository in repositories.items())
        raise EnvironmentFileError(
            f"singletons.github_repository is not the same in all environments ({listed or 'none on AWS'})",
            fix="name one repository, owner/name, in every environments/*.yaml",
        )
    return desired(repository, on_aws, project.root / ".github" / "workflows")


def _pretty(body: object) -> str:
    import json

    return json.dumps(body, indent=2)
