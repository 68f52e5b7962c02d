"""`gw schema`: the JSON Schemas of an environment file and of a review."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Set-up")
    def schema(
        write: Annotated[bool, typer.Option("--write", help="Update the committed schemas.")] = False,
        review: Annotated[bool, typer.Option("--review", help="The schema of `gw review --format json`.")] = False,
    ) -> None:
        """Print the JSON Schema of environments/*.yaml, which editors use, or of a review.

        Example: `gw schema --write` after a change in stacks/values or groundwork/review/model.py.
        """
        from groundwork.review import model as review_model
        from stacks.values import schema as environment_schema

        if write:
            environment_schema.write()
            review_model.SCHEMA.write_text(review_model.schema_text(), encoding="utf-8")
            console.note("written: both schemas")
        else:
            console.out.file.write(review_model.schema_text() if review else environment_schema.text())
