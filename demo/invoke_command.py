"""`gw invoke`: calls the deployed API."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def invoke(
        environment: Annotated[str, typer.Argument(help="Environment whose API is called.")],
        records: Annotated[int, typer.Option(min=1, max=1000, help="Records to write.")] = 10,
        key: Annotated[str, typer.Option(help="Idempotency-Key: the same key writes once.")] = "",
        token: Annotated[str, typer.Option(envvar="GROUNDWORK_TOKEN", help="Bearer token or API key.")] = "",
        json: Json = False,
    ) -> None:
        """POST /populate through API Gateway and Lambda, and show the object that it wrote.

        Example: `gw invoke local --records 3`
        """
        from demo import calling
        from groundwork.cli.context import Context
        from groundwork.errors import TerraformFailed

        workspace = Context.here().workspace()
        answer = calling.populate(workspace, environment, records=records, idempotency_key=key, token=token)
        if json:
            console.print_json({"status": answer.status, "seconds": answer.seconds, "body": answer.body})
        else:
            console.say(f"POST {answer.url} → {answer.status} in {answer.seconds:.2f} s")
            console.out.print_json(data=answer.body)
        if answer.status >= 400:
            raise TerraformFailed(f"the API refused the call with {answer.status}")
