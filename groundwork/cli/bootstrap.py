"""`gw bootstrap`: makes what an environment needs before a pipeline can deploy it."""

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
        """Make what the pipeline may not make itself, with your own credentials: state backend, account, delivery.

        After a kill, running it again finishes, and after that changes nothing. Nothing is ever destroyed or
        replaced. Examples: `gw bootstrap dev`, `gw bootstrap dev --update`
        """
        from groundwork.apply.rollout import Rollout
        from groundwork.cli.context import Context

        workspace = Context.here().workspace()
        names = workspace.environments_of([environment])
        manifest = workspace.manifest() if skip_synth else workspace.synth(names)
        rollout = Rollout(workspace, workspace.select(manifest, names))
        outcomes = []
        for outcome in rollout.bootstrap_all(names[0], console.note, update=update):
            outcomes.append(outcome)
            if not json:
                console.say(outcome.sentence)
        if json:
            console.print_json([vars(outcome) for outcome in outcomes])
