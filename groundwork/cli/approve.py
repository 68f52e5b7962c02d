"""`gw approve`: approves one set of plans, for environments on the laptop."""

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
        name: Annotated[
            str, typer.Option("--as", metavar="NAME", help="Who approves; not a contributor to the change.")
        ],
        plans: Annotated[
            Path | None, typer.Option(help="The index of the plans (.groundwork/plans/plans.json).")
        ] = None,
        confirmed: Yes = False,
    ) -> None:
        """Show what would be applied, and approve exactly these plans; a new plan needs a new approval.

        On AWS people approve the deployment on GitHub instead. Example: `gw approve local --as ann`
        """
        from datetime import UTC, datetime

        from groundwork.cli.confirm import confirm
        from groundwork.cli.context import Context
        from groundwork.errors import UsageError
        from groundwork.gate.laptop_approvals import LaptopApprovals
        from groundwork.plan import archive, plans_file
        from groundwork.store.opening import open_store

        context = Context.here()
        workspace = context.workspace()
        if environment not in workspace.environments:
            raise UsageError(f"there is no environment {environment!r}", fix="`gw list` shows them")
        if workspace.environments[environment].target != "laptop":
            raise UsageError(
                f"{environment} is on AWS, where deployments are approved on GitHub",
                fix="open the waiting deployment on GitHub and approve it there",
            )
        file = plans or context.project.work / "plans" / plans_file.NAME
        approvals = LaptopApprovals(context.project, file)
        index = approvals.index(environment)
        store = open_store(workspace, environment, role="apply")
        # Fetched from the store like in an apply, so that exactly what would be applied is shown.
        bundles = {stored.stack: archive.describe(store.fetch(stored, index=index)) for stored in index.bundles}
        show(index, bundles)
        contributors = approvals.facts(environment, commit=index.commit, since=store.last_deployed()).contributors
        if why := {person.casefold(): reason for person, reason in contributors.items()}.get(name.strip().casefold()):
            console.note(f"[yellow]this approval does not count[/]: {console.escape(f'{name}, {why}')}")
        confirm(f"approve these {len(index.bundles)} plans of {environment} as {name}", confirmed=confirmed)
        approvals.approve(environment, by=name, now=datetime.now(UTC))
        console.say(f"approved by {console.escape(name)}; next: gw deploy {environment} --approved {file}")


def show(index: Index, bundles: Mapping[str, Bundle]) -> None:
    """Print what would be approved: stacks in deploy order, what happens to each, and in which wave."""
    console.note(
        f"{index.environment}: plans of commit {index.commit[:12]}, made {index.planned_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    table = console.table("stack", "plan", "add", "change", "destroy", "wave", "digest")
    for stored in index.bundles:
        bundle = bundles[stored.stack]
        end = " (whole stack)" if bundle.purpose == "destroy" else ""
        counts = (str(bundle.counts.add), str(bundle.counts.change), str(bundle.counts.destroy))
        wave = f"{stored.wave}, provisional" if stored.provisional else str(stored.wave)
        table.add_row(stored.stack, f"{stored.outcome}{end}", *counts, wave, stored.digest[:12])
    for waits in index.waiting:
        table.add_row(waits.stack, f"waits for {', '.join(waits.upstream)}", "", "", "", "later", "")
    console.err.print(table)
    for stack, bundle in bundles.items():
        for address in bundle.protected_destroys:
            console.note(f"[bold red]destroys data:[/] {stack} {console.escape(address)}")
