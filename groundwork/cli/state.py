"""`gw state`: older versions of a stack's state."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json

Stack = Annotated[str, typer.Argument(help="One stack, for example local-network.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(help="List and restore older versions of a stack's state.", no_args_is_help=True)
    app.add_typer(commands, name="state", rich_help_panel="Stacks")

    @commands.command("versions")
    def list_versions(stack: Stack, json: Json = False) -> None:
        """Every version of a stack's state, newest first. Example: `gw state versions local-network`"""
        from groundwork.cli.backend_access import access
        from groundwork.state.history import StateHistory

        store, _ = access(stack)
        versions = StateHistory(store).versions()
        if json:
            console.print_json([{**vars(version), "written": version.written.isoformat()} for version in versions])
            return
        table = console.table("version", "written (UTC)", "serial", "resources", "")
        for version in versions:
            row = (version.id, f"{version.written:%Y-%m-%d %H:%M:%S}", str(version.serial), str(version.resources))
            table.add_row(*row, "current" if version.current else "")
        console.out.print(table)

    @commands.command()
    def restore(stack: Stack, version: Annotated[str, typer.Argument(help="As `gw state versions` shows it.")]) -> None:
        """Make an older version the current state, as a new version: nothing is lost, and AWS does not change.

        Example: `gw state restore local-network 3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY`
        """
        from groundwork.cli.backend_access import access
        from groundwork.state.history import StateHistory

        store, terraform = access(stack)
        now = StateHistory(store).restore(version, terraform)
        console.say(f"{stack}: the state is that of {version} again, as serial {now.serial}; next: gw diff {stack}")
