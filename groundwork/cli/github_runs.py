"""`gw github supersede`, `newest`, `waits`, `shown` and `result`: deployments, and what people hear of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundwork.cli import console


def register(github: typer.Typer) -> None:
    """Add the commands to `gw github`."""
    _add_supersede(github)
    _add_newest(github)
    _add_waits(github)
    _add_shown(github)
    _add_result(github)


def _add_supersede(github: typer.Typer) -> None:
    @github.command()
    def supersede() -> None:
        """Cancel older deployments that still wait for an approval and whose commits this one contains.

        A run that waits holds its environment, and what it planned is stale. A run of which anything still runs after
        five minutes is left alone. In a run of the deploy workflow, with `permissions: {actions: write}`.
        Example: `gw github supersede`
        """
        import os
        from functools import partial

        from groundwork.gate import history
        from groundwork.github.api import GitHub
        from groundwork.github.approvals import run_of
        from groundwork.github.superseding import PATIENCE_SECONDS
        from groundwork.github.superseding import supersede as supersede_older
        from groundwork.paths import Project

        root, (run_id, _) = Project.find(Path.cwd()).root, run_of(os.environ)
        contains = partial(history.contains, root)
        for older in supersede_older(GitHub.of(os.environ), run_id, contains=contains, patience=PATIENCE_SECONDS):
            console.say(f"run {older.run_id} of {older.commit[:12]}: {older.what}")


def _add_newest(github: typer.Typer) -> None:
    @github.command()
    def newest() -> None:
        """Print `newest`, whether no later commit is on main, as a line of GITHUB_OUTPUT.

        Where a later one is, its own run plans and asks for the approval. Example:
        `gw github newest >> "$GITHUB_OUTPUT"`
        """
        import os

        from groundwork.github.api import GitHub
        from groundwork.github.superseding import is_newest

        commit = os.environ.get("GITHUB_SHA", "")
        is_last = is_newest(GitHub.of(os.environ), ref=os.environ.get("GITHUB_REF", ""), commit=commit)
        if not is_last:
            console.note(f"{commit[:12]} is not the last commit on main any more: the newer run deploys it, too")
        console.out.file.write(f"newest={str(is_last).lower()}\n")


def _add_waits(github: typer.Typer) -> None:
    @github.command()
    def waits(environment: Annotated[str, typer.Argument(help="Environment whose apply waits.")]) -> None:
        """Send a notice to the webhook that an apply waits for its approval. Example: `gw github waits prod`"""
        import os

        from groundwork.cli.notifying import notify
        from groundwork.paths import Project

        text = "The summary of the run shows what it would change."
        notify(Project.find(Path.cwd()), os.environ, f"An apply to {environment} waits for an approval", text)


def _add_shown(github: typer.Typer) -> None:
    @github.command()
    def shown(
        environment: Annotated[str, typer.Argument(help="Environment whose plans are compared.")],
        plans: Annotated[Path, typer.Option(help="Folder with the *.attributes.json of `gw plan make`.")],
    ) -> None:
        """Print, as Markdown, what differs from what the merged pull request's run showed.

        Without a pull request, or without what its run showed, it prints why. Needs `permissions: {actions: read,
        pull-requests: read}`. Example: `gw github shown dev --plans reported >> "$GITHUB_STEP_SUMMARY"`
        """
        import os

        from groundwork.github import shown as artifact
        from groundwork.github.api import GitHub
        from groundwork.plan import as_shown, attributes
        from groundwork.review.render.escaping import prose

        stacks = sorted(path.name.removesuffix(attributes.SUFFIX) for path in plans.glob(f"*{attributes.SUFFIX}"))
        now = [changes for stack in stacks if (changes := attributes.read(stack, plans))]
        try:
            number, then = artifact.planned(GitHub.of(os.environ), os.environ["GITHUB_SHA"], environment)
            text = as_shown.markdown(environment, number, now, then)
        except artifact.NotShown as why:
            text = f"These plans of {prose(environment)} are not compared with a pull request's: {prose(str(why))}.\n"
        console.out.file.write(text)


def _add_result(github: typer.Typer) -> None:
    @github.command()
    def result(
        environment: Annotated[str, typer.Argument(help="Environment that was applied to.")],
        result: Annotated[str, typer.Option("--result", help="What GitHub calls the result of its jobs.")],
    ) -> None:
        """Write to the merged pull request whether it was applied; the webhook gets a notice where it was not, and
        where nobody had to approve.

        Where no plan changed anything, nothing is written. Needs `permissions: {actions: read, pull-requests: write}`.
        Example: `gw github result prod --result success`
        """
        import os

        from groundwork.cli.notifying import notify, url_of_run
        from groundwork.github import applies
        from groundwork.github.api import GitHub
        from groundwork.github.approvals import run_of
        from groundwork.paths import Project

        api, (run_id, _), succeeded = GitHub.of(os.environ), run_of(os.environ), result == "success"
        how = applies.ran(api, run_id, environment) if succeeded else set()
        if succeeded and not how:
            console.say(f"nothing was to be applied to {environment}")
            return
        commit = os.environ["GITHUB_SHA"]
        url = url_of_run(os.environ)
        for written in applies.write(api, commit, environment, succeeded=succeeded, url=url, how=how):
            console.say(written.sentence)
        if not succeeded or applies.UNATTENDED in how:
            sentence = applies.sentence(environment, succeeded=succeeded, how=how)
            notify(Project.find(Path.cwd()), os.environ, f"{commit[:12]} was {sentence}", "The run says why.")
