"""`gw audit`: who planned, approved, applied and was refused what."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json


class Kind(StrEnum):
    """The kinds of decisions that are written down."""

    PLANNED = "planned"
    APPROVED = "approved"
    APPLIED = "applied"
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
        """Show who planned, approved, applied and was refused what. Each decision was written once and stays.

        Example: `gw audit prod --kind refused --kind break-glass`
        """
        from groundwork.cli.context import Context
        from groundwork.store.plan_store import PlanStore

        workspace = Context.here().workspace()
        (name,) = workspace.environments_of([environment])
        store = PlanStore.of(workspace, name, role="apply")
        found = store.decisions(*[one.value for one in kind or ()])[-last:]
        if json:
            console.print_json([one.model_dump(mode="json") for one in found])
            return
        table = console.table("when (UTC)", "what", "who", "stacks", "commit", "")
        for one in found:
            why = ", ".join(one.codes) or one.reason
            table.add_row(
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                one.kind,
                console.escape(one.who),
                ", ".join(one.stacks),
                one.commit[:12],
                console.escape(why),
            )
        console.out.print(table)
