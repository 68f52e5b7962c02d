"""`gw approve`: a yes to one set of plans, for environments on the laptop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Yes

if TYPE_CHECKING:
    from groundwork.plan.bundle import Bundle, Index


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def approve(
        environment: Annotated[str, typer.Argument(help="An environment on the laptop, for example local.")],
        name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who says yes: not whose change it is.")],
        plans: Annotated[
            Path | None, typer.Option(help="The index of the plans (.groundwork/plans/plans.json).")
        ] = None,
        yes: Yes = False,
    ) -> None:
        """Show what would be applied, and record a yes to exactly these plans; after planning again it is none.

        On AWS the approval of GitHub's environment is the way. Example: `gw approve local --as ann`
        """
        from datetime import UTC, datetime

        from groundwork.cli.confirm import confirm
        from groundwork.cli.context import Context
        from groundwork.errors import UsageError
        from groundwork.gate.laptop_approvals import LaptopApprovals
        from groundwork.plan import archive, plans_file
        from groundwork.store.plan_store import PlanStore

        context = Context.here()
        workspace = context.workspace()
        if environment not in workspace.environments:
            raise UsageError(f"there is no environment {environment!r}", fix="`gw list` shows them")
        if workspace.environments[environment].target != "laptop":
            raise UsageError(
                f"{environment} is on AWS: there GitHub's environment approval is the way, and a file here is none",
                fix="open the waiting deployment on GitHub and approve it there",
            )
        file = plans or context.project.work / "plans" / plans_file.NAME
        approvals = LaptopApprovals(context.project, file)
        index = approvals.index(environment)
        store = PlanStore.of(workspace, environment, role="apply")
        # Fetched from where an apply takes them, so that what is shown is what would be applied.
        bundles = {one.stack: archive.about(store.fetch(one, index=index)) for one in index.bundles}
        show(index, bundles)
        involved = approvals.facts(environment, commit=index.commit).involved
        if why := {person.casefold(): reason for person, reason in involved.items()}.get(name.strip().casefold()):
            console.note(f"[yellow]this yes will not count by itself[/]: {console.escape(f'{name}, {why}')}")
        confirm(f"approve these {len(index.bundles)} plans of {environment} as {name}", yes=yes)
        approvals.approve(environment, by=name, now=datetime.now(UTC))
        console.say(f"approved by {console.escape(name)}; next: gw deploy {environment} --approved {file}")


def show(index: Index, bundles: Mapping[str, Bundle]) -> None:
    """What a yes would be a yes to: stacks in deploy order, what happens to each, and when."""
    console.note(
        f"{index.environment}: plans of commit {index.commit[:12]}, made {index.planned_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    table = console.table("stack", "plan", "add", "change", "destroy", "wave", "digest")
    for one in index.bundles:
        bundle = bundles[one.stack]
        end = " (end of the stack)" if bundle.purpose == "destroy" else ""
        counts = (str(bundle.counts.add), str(bundle.counts.change), str(bundle.counts.destroy))
        wave = f"{one.wave}, provisional" if one.provisional else str(one.wave)
        table.add_row(one.stack, f"{one.outcome}{end}", *counts, wave, one.digest[:12])
    for waits in index.waiting:
        table.add_row(waits.stack, f"waits for {', '.join(waits.upstream)}", "", "", "", "later", "")
    console.err.print(table)
    for stack, bundle in bundles.items():
        for address in bundle.protected_destroys:
            console.note(f"[bold red]data goes with[/] {stack} {console.escape(address)}")
