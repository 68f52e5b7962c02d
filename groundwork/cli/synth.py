"""`gw synth`: writes the Terraform of the stacks to cdktf.out."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def synth(
        environment: Annotated[list[str] | None, typer.Argument(help="Environments; all of them by default.")] = None,
        json: Json = False,
    ) -> None:
        """Synthesise the Terraform of every environment, or of some while you work on them.

        Like `cdktf synth`, without its start-up time. Examples: `gw synth`, `gw synth dev`.
        """
        import time

        from groundwork.cli.context import Context
        from groundwork.workspace import Workspace

        context = Context.here()
        workspace = Workspace(context.project, context.tools)  # a synthesis asks no server
        began = time.monotonic()
        manifest = workspace.synth(workspace.environments_of(environment or []) if environment else [])
        if json:
            console.print_json([stack.name for stack in manifest.stacks])
        else:
            seconds = time.monotonic() - began
            console.say(f"{len(manifest.stacks)} stacks in {workspace.out_name}/stacks ({seconds:.1f} s)")
