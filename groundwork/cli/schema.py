"""`gw schema`: the JSON Schemas of an environment file and of a review."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Set-up")
    def schema(
        write: Annotated[bool, typer.Option("--write", help="Bring the committed schemas up to date.")] = False,
        review: Annotated[bool, typer.Option("--review", help="The schema of `gw review --format json`.")] = False,
    ) -> None:
        """Print the JSON Schema with which editors check environments/*.yaml, or that of a review.

        Example: `gw schema --write` after a change of stacks/values or groundwork/review/model.py.
        """
        from groundwork.review import schema as review_schema
        from stacks.values import schema as environment_schema

        if write:
            environment_schema.write()
            review_schema.write()
            console.note("written: both schemas")
        else:
            console.out.file.write(review_schema.text() if review else environment_schema.text())
