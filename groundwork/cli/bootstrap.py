"""`gw bootstrap`: creates what an environment needs before a pipeline can deploy it."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def bootstrap(
        environment: Annotated[str, typer.Argument(help="Environment to prepare.")],
        update: Annotated[bool, typer.Option("--update", help="Change existing stacks to match the code.")] = False,
        skip_synth: SkipSynth = False,
        json: Json = False,
    ) -> None:
        """Create what the pipeline may not create itself, with your credentials: state backend, account, delivery.

        After a kill, running it again finishes; after that it changes nothing. Nothing is ever destroyed or
        replaced. Examples: `gw bootstrap dev`, `gw bootstrap dev --update`
        """
        from groundwork.apply.rollout import Rollout
        from groundwork.cli.context import Context

        workspace = Context.here().workspace()
        names = workspace.environments_of([environment])
        manifest = workspace.manifest() if skip_synth else workspace.synth(names)
        rollout = Rollout(workspace, workspace.select(manifest, names))
        results = []
        for result in rollout.bootstrap_all(names[0], console.note, update=update):
            results.append(result)
            if not json:
                console.say(result.sentence)
        if json:
            console.print_json([vars(result) for result in results])
