"""`gw new`: begins something from a template that works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundwork.cli import console


def register(app: typer.Typer) -> None:
    """Add the commands."""
    new = typer.Typer(no_args_is_help=True)
    app.add_typer(new, name="new", rich_help_panel="Laptop")

    @new.callback()
    def beginnings() -> None:
        """Begin something from a template that works."""

    @new.command()
    def service(
        name: Annotated[str, typer.Argument(metavar="NAME", help="Of the package and the release: a-z and 0-9.")],
    ) -> None:
        """Write a service to services/NAME: one table, two routes, a migration, and tests that pass.

        It becomes a member of the workspace, and one of the services that `gw services` runs in pods.
        Example: `gw new service greetings`, then `gw dev greetings`.
        """
        from groundwork.paths import Project
        from stacks.commands import new_service

        project = Project.find(Path.cwd())
        for path in new_service.write(project.root / "services", name):
            console.say(f"written: {path.relative_to(project.root)}")
        console.say("next:")
        console.say(f'  make services-test ARGS="-k {name}"')
        console.say(f"  gw dev {name}")
        console.say(
            "To release it to AWS, add its entry of services/workloads.yaml, with an image, to environments/*.yaml."
        )
