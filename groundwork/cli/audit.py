"""`gw audit`: who planned, approved and applied what, and what was refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json


class Kind(StrEnum):
    """Kinds of decisions: groundwork.store.audit.Kind, without its slow imports."""

    PLANNED = "planned"
    APPROVED = "approved"
    AUTO_APPROVED = "auto-approved"
    APPLIED = "applied"
    DEPLOYED = "deployed"
    REFUSED = "refused"
    RECOVERED = "recovered"
    BREAK_GLASS = "break-glass"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Pipeline")
    def audit(
        environment: Annotated[str, typer.Argument(help="Environment whose decisions are shown.")],
        kind: Annotated[
            list[Kind] | None, typer.Option(help="Only this kind; may be given several times.", case_sensitive=False)
        ] = None,
        last: Annotated[int, typer.Option(min=1, help="How many, counted from the newest.")] = 20,
        json: Json = False,
    ) -> None:
        """Show who planned, approved and applied what, and what was refused. Decisions are written once and stay.

        Example: `gw audit prod --kind refused --kind break-glass`
        """
        from groundwork.cli.context import Context
        from groundwork.store.opening import open_store

        workspace = Context.here().workspace()
        (name,) = workspace.environments_of([environment])
        store = open_store(workspace, name, role="apply")
        decisions = store.decisions(*[chosen.value for chosen in kind or ()])[-last:]
        if json:
            console.print_json([decision.model_dump(mode="json") for decision in decisions])
            return
        table = console.table("when (UTC)", "what", "who", "stacks", "commit", "")
        for decision in decisions:
            why = ", ".join(decision.codes) or decision.reason
            table.add_row(
                f"{decision.at:%Y-%m-%d %H:%M:%S}",
                decision.kind,
                console.escape(decision.who),
                ", ".join(decision.stacks),
                decision.commit[:12],
                console.escape(why),
            )
        console.out.print(table)
