"""`gw where`: the Python behind a Terraform address."""

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
        stack: Annotated[str | None, typer.Option(help="Look in this stack only.")] = None,
        json: Json = False,
    ) -> None:
        """Show the Python file and line that create a resource, and where that is called from.

        Reads what was synthesised last. Example: `gw where aws_vpc.network_vpc_1A2B3C4D`
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
                console.say("  cdktf adds it by itself, for a value that is read from another stack")
