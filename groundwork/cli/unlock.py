"""`gw unlock`: frees the lock of a run that died."""

from __future__ import annotations

from typing import Annotated

import typer

from groundwork.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def unlock(
        stack: Annotated[str, typer.Argument(help="One stack, for example local-network.")],
        lock_id: Annotated[str, typer.Argument(help="The lock's id, as the refusal names it.")],
    ) -> None:
        """Free a stack's lock whose holder has died. Ask the holder first: never free the lock of a live run.

        Example: `gw unlock local-network 0b7f6f3c-4f1d-6a3c-5f0e-2c1f9a9f7d11`
        """
        from groundwork.cli.backend_access import access
        from groundwork.state import locks

        store, terraform = access(stack)
        freed = locks.free(store, lock_id, terraform)
        console.say(f"{stack}: freed the lock of {freed.who} ({freed.operation}, since {freed.created})")
