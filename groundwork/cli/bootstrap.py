"""`gw bootstrap`: the bucket and table that hold every state."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def bootstrap(
        environment: Annotated[str, typer.Argument(help="Environment whose state backend is made.")],
        skip_synth: SkipSynth = False,
        json: Json = False,
    ) -> None:
        """Make the state backend of an environment, with your own credentials, and move its own state into it.

        Killed anywhere, running it again finishes; running it once more changes nothing. Example: `gw bootstrap dev`
        """
        from groundwork.cli.context import Context
        from groundwork.delivery.rollout import Rollout

        workspace = Context.here().workspace()
        names = workspace.environments_of([environment])
        manifest = workspace.manifest() if skip_synth else workspace.synth(names)
        outcome = Rollout(workspace, workspace.select(manifest, names)).bootstrap(names[0], console.note)
        if json:
            console.print_json(vars(outcome))
        else:
            console.say(outcome.sentence)
