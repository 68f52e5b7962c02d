"""`gw schema`: the JSON Schema of an environment file."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Set-up")
    def schema(
        write: Annotated[bool, typer.Option("--write", help="Bring the committed schema up to date.")] = False,
    ) -> None:
        """Print the JSON Schema with which editors check environments/*.yaml.

        Example: `gw schema --write` after a change of groundwork/environment.
        """
        from groundwork.environment import schema as environment_schema

        if write:
            environment_schema.write()
            console.note(f"written: {environment_schema.PATH.name}")
        else:
            console.out.file.write(environment_schema.text())
