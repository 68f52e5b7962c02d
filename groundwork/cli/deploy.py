"""`gw deploy`: applies stacks with the genuine `cdktf deploy`."""

from __future__ import annotations

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Yes


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def deploy(
        targets: list[str] = typer.Argument(metavar="ENVIRONMENT|STACK...", help="Environments or single stacks."),
        skip_synth: SkipSynth = False,
        yes: Yes = False,
        json: Json = False,
    ) -> None:
        """Apply stacks in dependency order, independent ones side by side.

        On AWS the diff is shown and has to be agreed to. On the laptop the state backend is made first where it is
        missing. Examples: `gw deploy local`, `gw deploy dev-network --yes`
        """
        from groundwork.cli.applying import following
        from groundwork.cli.confirm import confirm
        from groundwork.cli.context import Context
        from groundwork.cli.diff import show
        from groundwork.delivery.rollout import Rollout

        workspace = Context.here().workspace()
        manifest = workspace.manifest() if skip_synth else workspace.synth(workspace.environments_of(targets))
        rollout = Rollout(workspace, workspace.select(manifest, targets))
        with console.bars() as bars:
            rollout.prepare(console.note)
            if not rollout.on_laptop:
                show(workspace.diff(rollout.stacks), text=True, to=console.err)
                confirm(f"apply {', '.join(rollout.stacks)}", yes=yes)
            done = rollout.deploy(following(bars, rollout.totals, "deploying"), console.note)
            for one in done:
                bars.end(one.stack, one.how)
        if json:
            console.print_json([vars(one) for one in done])
            return
        table = console.table("stack", "result", "outputs")
        for one in done:
            outputs = "  ".join(
                f"{name}={value}" for name, value in sorted(one.outputs.items()) if isinstance(value, str)
            )
            table.add_row(one.stack, one.how, console.escape(outputs))
        console.out.print(table)
