"""`gw list`: every stack in deploy order, with what it reads."""

from __future__ import annotations

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Targets


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("list", rich_help_panel="Stacks")
    def list_stacks(targets: Targets = None, skip_synth: SkipSynth = False, json: Json = False) -> None:
        """List stacks in deploy order, with the stacks that each one reads.

        Example: `gw list prod`
        """
        from groundwork.cli.context import Context

        workspace = Context.here().workspace()
        wanted = targets or []
        manifest = workspace.manifest() if skip_synth else workspace.synth(workspace.environments_of(wanted))
        names = workspace.select(manifest, wanted)
        if json:
            console.print_json([{"stack": name, "reads": list(manifest.dependencies.get(name, ()))} for name in names])
            return
        table = console.table("stack", "reads")
        for name in names:
            table.add_row(name, ", ".join(manifest.dependencies.get(name, ())))
        console.out.print(table)
