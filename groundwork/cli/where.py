"""`gw where`: the Python that creates a Terraform address."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def where(
        address: Annotated[str, typer.Argument(help="Terraform address, with or without an index.")],
        stack: Annotated[str | None, typer.Option(help="Search only this stack.")] = None,
        json: Json = False,
    ) -> None:
        """Show the Python file and line that create a resource, and their callers.

        Reads the last synthesis. Example: `gw where aws_vpc.network_vpc_1A2B3C4D`
        """
        from groundwork.cli.context import Context
        from groundwork.synthesis import origin

        origins = origin.where(Context.here().project.out, address, stack=stack)
        if json:
            console.print_json([vars(resource) for resource in origins])
            return
        for resource in origins:
            console.say(f"[bold]{console.escape(resource.address)}[/]  {resource.path}  ({', '.join(resource.stacks)})")
            for number, line in enumerate(resource.lines):
                console.say(f"  {'created at' if number == 0 else 'called from'} {line}")
            if not resource.lines:
                console.say("  cdktf adds it, to read a value from another stack")
