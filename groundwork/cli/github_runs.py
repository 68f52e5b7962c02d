"""`gw github supersede` and `newest`: deployments of one environment that follow each other."""

from __future__ import annotations

from pathlib import Path

import typer

from groundwork.cli import console


def register(github: typer.Typer) -> None:
    """Add the commands to `gw github`."""
    _add_supersede(github)
    _add_newest(github)


def _add_supersede(github: typer.Typer) -> None:
    @github.command()
    def supersede() -> None:
        """Cancel older deployments that still wait for an approval and whose commits this one contains.

        A run that waits holds its environment, and what it planned is stale. A run of which anything still runs is left
        alone. In a run of the deploy workflow, with `permissions: {actions: write}`. Example: `gw github supersede`
        """
        import os
        from functools import partial

        from groundwork.gate import history
        from groundwork.github.api import GitHub
        from groundwork.github.approvals import run_of
        from groundwork.github.superseding import supersede as supersede_older
        from groundwork.paths import Project

        root, (run_id, _) = Project.find(Path.cwd()).root, run_of(os.environ)
        for older in supersede_older(GitHub.of(os.environ), run_id, contains=partial(history.contains, root)):
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
