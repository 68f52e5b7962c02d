"""`gw destroy`: takes stacks away again, after showing what that means."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Yes


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def destroy(
        targets: list[str] = typer.Argument(metavar="ENVIRONMENT|STACK...", help="Environments or single stacks."),
        skip_synth: SkipSynth = False,
        yes: Yes = False,
        json: Json = False,
    ) -> None:
        """Destroy stacks, downstream first; an environment's state backend goes last, and every old state with it.

        Shows what is deployed and asks before anything happens. Example: `gw destroy local`
        """
        from groundwork.cli.applying import following
        from groundwork.cli.confirm import confirm
        from groundwork.cli.context import Context
        from groundwork.delivery.rollout import Rollout

        workspace = Context.here().workspace()
        manifest = workspace.manifest() if skip_synth else workspace.synth(workspace.environments_of(targets))
        rollout = Rollout(workspace, workspace.select(manifest, targets))
        counts = rollout.deployed_resources()
        if not counts:
            console.say("nothing of it is deployed")
            return
        table = console.table("stack", "resources that go")
        for stack, count in counts.items():
            table.add_row(stack, str(count))
        console.err.print(table)
        confirm(what_goes(counts, rollout.backends), yes=yes)
        with console.bars() as bars:
            done = rollout.destroy(list(counts), following(bars, counts, "destroying"), console.note)
            for one in done:
                bars.end(one.stack, one.how)
        if json:
            console.print_json([vars(one) for one in done])
        else:
            console.say(f"destroyed: {', '.join(one.stack for one in done)}")


def what_goes(counts: Mapping[str, int], backends: Mapping[str, str]) -> str:
    """What a person agrees to. `counts` are resources per stack, `backends` state backend → environment."""
    resources, stacks = sum(counts.values()), len(counts)
    what = f"destroy {resources} resource{'s' * (resources != 1)} of {stacks} stack{'s' * (stacks != 1)}"
    lost = [environment for stack, environment in backends.items() if stack in counts]
    if lost:
        what += f" and delete the history of {' and '.join(lost)}: every version of every state, for good"
    return what
