"""`gw deploy`: applies stacks with the real `cdktf deploy`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Yes

if TYPE_CHECKING:
    from groundwork.apply.rollout import Rollout, StackResult
    from groundwork.errors import StateLocked


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
            typer.Option(
                "--allow-destroy", metavar="STACK|ADDRESS", help="With --approved: allow the loss of this data."
            ),
        ] = None,
        unattended: Annotated[
            bool, typer.Option("--auto", help="With --approved: claim that delivery.auto_apply makes it needless.")
        ] = False,
        break_glass: Annotated[
            str, typer.Option("--break-glass", metavar="REASON", help="Apply without an approved plan; recorded first.")
        ] = "",
        skip_synth: SkipSynth = False,
        confirmed: Yes = False,
        json: Json = False,
    ) -> None:
        """Apply stacks in dependency order, independent ones side by side.

        On AWS only approved plans are applied: `--approved plans.json`. On the laptop the code is applied as it is, and
        a missing state backend is created first. Where a killed deploy left something behind, nothing is applied.
        Examples: `gw deploy local`, `gw deploy prod --approved plans.json`
        """
        from groundwork.apply.held_back import PartlyApplied
        from groundwork.apply.rollout import Rollout
        from groundwork.cli import deploy_approved, plain_deploys
        from groundwork.cli.break_glass import break_the_glass
        from groundwork.cli.context import Context
        from groundwork.errors import UsageError

        if approved and break_glass:
            raise UsageError("--approved and --break-glass exclude each other", fix="leave one out")
        if allow_destroy and not approved:
            raise UsageError("--allow-destroy belongs to approved plans", fix="add --approved PLANS")
        if unattended and not approved:
            raise UsageError("--auto belongs to plans of an index", fix="add --approved PLANS")
        context = Context.here()
        workspace = context.workspace()
        if approved:
            try:
                done = deploy_approved.deploy(
                    workspace, targets, approved, allow_destroy or [], synth=not skip_synth, unattended=unattended
                )
            except PartlyApplied as error:
                show(error.done, json)
                raise
            show(done, json)
            return
        environments = workspace.environments_of(targets)
        on_aws = [name for name in environments if workspace.environments[name].target != "laptop"]
        if on_aws and not break_glass:
            raise UsageError(
                f"{', '.join(on_aws)} is on AWS, where only approved plans are applied",
                fix=f"gw deploy {' '.join(targets)} --approved plans.json (in an outage: --break-glass REASON)",
            )
        manifest = workspace.manifest() if skip_synth else workspace.synth(environments)
        rollout = Rollout(workspace, workspace.select(manifest, targets), context.releaser)
        with plain_deploys.alone(workspace, rollout.stacks):
            plain_deploys.settle(workspace, rollout.stacks)
            if break_glass:
                rollout = break_the_glass(rollout, break_glass, confirmed=confirmed)
            else:
                rollout = replace(rollout, recording=plain_deploys.recording(workspace))
            show(_apply(rollout), json)


def show(done: Sequence[StackResult], json: bool) -> None:
    """Print the result of each stack."""
    if json:
        console.print_json([vars(result) for result in done])
        return
    table = console.table("stack", "result", "outputs")
    for result in done:
        outputs = "  ".join(
            f"{name}={value}" for name, value in sorted(result.outputs.items()) if isinstance(value, str)
        )
        table.add_row(result.stack, result.how, console.escape(outputs))
    console.out.print(table)


def _apply(rollout: Rollout) -> list[StackResult]:
    from groundwork.cli.applying import update_bars
    from groundwork.errors import StateLocked

    with console.bars() as bars:
        rollout.prepare(console.note)
        try:
            results = rollout.deploy(update_bars(bars, rollout.totals, "deploying"), console.note)
        except StateLocked as error:
            raise _every_lock(rollout, error) from error
        for result in results:
            bars.end(result.stack, result.how)
    return results


def _every_lock(rollout: Rollout, error: StateLocked) -> StateLocked:
    """The same error, or one that names every locked stack where there are several."""
    from groundwork.state import locks

    stores = {rollout.workspace.store(stack).path: stack for stack in rollout.stacks}
    first = rollout.workspace.store(next(iter(rollout.stacks)))
    held = [lock for lock in locks.held(first) if lock.path in stores]
    if len(held) < 2:
        return error
    environment = rollout.workspace.environment_of(stores[held[0].path]).name
    return locks.named_together([stores[lock.path] for lock in held], held, environment)
