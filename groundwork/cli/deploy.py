"""`gw deploy`: applies stacks with the genuine `cdktf deploy`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Yes

if TYPE_CHECKING:
    from groundwork.apply.rollout import Rollout, StackResult


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def deploy(
        targets: list[str] = typer.Argument(metavar="ENVIRONMENT|STACK...", help="Environments or single stacks."),
        approved: Annotated[
            Path | None, typer.Option("--approved", metavar="PLANS", help="Apply exactly the plans of this index.")
        ] = None,
        allow_destroy: Annotated[
            list[str] | None,
            typer.Option("--allow-destroy", metavar="STACK|ADDRESS", help="With --approved: this data may go."),
        ] = None,
        break_glass: Annotated[
            str, typer.Option("--break-glass", metavar="REASON", help="Apply without an approved plan; recorded first.")
        ] = "",
        skip_synth: SkipSynth = False,
        confirmed: Yes = False,
        json: Json = False,
    ) -> None:
        """Apply stacks in dependency order, independent ones side by side.

        On AWS only plans that were approved are applied: `--approved plans.json`. The laptop takes the code as it is,
        and makes the state backend first where it is missing.
        Examples: `gw deploy local`, `gw deploy prod --approved plans.json`
        """
        from groundwork.apply.held_back import PartlyApplied
        from groundwork.apply.rollout import Rollout
        from groundwork.cli import deploy_approved
        from groundwork.cli.break_glass import break_the_glass
        from groundwork.cli.context import Context
        from groundwork.errors import UsageError

        if approved and break_glass:
            raise UsageError("--approved and --break-glass exclude each other", fix="leave one out")
        if allow_destroy and not approved:
            raise UsageError("--allow-destroy belongs to approved plans", fix="add --approved PLANS")
        context = Context.here()
        workspace = context.workspace()
        if approved:
            try:
                done = deploy_approved.deploy(workspace, targets, approved, allow_destroy or [], synth=not skip_synth)
            except PartlyApplied as held:
                show(held.done, json)
                raise
            show(done, json)
            return
        environments = workspace.environments_of(targets)
        refused = [name for name in environments if workspace.environments[name].target != "laptop"]
        if refused and not break_glass:
            raise UsageError(
                f"{', '.join(refused)} is on AWS, where only approved plans are applied",
                fix=f"gw deploy {' '.join(targets)} --approved plans.json (in an outage: --break-glass REASON)",
            )
        manifest = workspace.manifest() if skip_synth else workspace.synth(environments)
        rollout = Rollout(workspace, workspace.select(manifest, targets), context.releaser)
        if break_glass:
            break_the_glass(rollout, break_glass, confirmed=confirmed)
        show(_apply(rollout), json)


def show(done: Sequence[StackResult], json: bool) -> None:
    """Print what came of each stack."""
    if json:
        console.print_json([vars(one) for one in done])
        return
    table = console.table("stack", "result", "outputs")
    for one in done:
        outputs = "  ".join(f"{name}={value}" for name, value in sorted(one.outputs.items()) if isinstance(value, str))
        table.add_row(one.stack, one.how, console.escape(outputs))
    console.out.print(table)


def _apply(rollout: Rollout) -> list[StackResult]:
    from groundwork.cli.applying import following

    with console.bars() as bars:
        rollout.prepare(console.note)
        done = rollout.deploy(following(bars, rollout.totals, "deploying"), console.note)
        for one in done:
            bars.end(one.stack, one.how)
    return done
