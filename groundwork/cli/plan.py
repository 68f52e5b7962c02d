"""`gw plan`; here `gw plan make`: a bundle per stack, and their index."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, LockTimeout, SkipSynth, Targets

if TYPE_CHECKING:
    from groundwork.plan.bundle import Index, Waiting
    from groundwork.plan.make import Planner
    from groundwork.plan.run_plans import Plans
    from groundwork.workspace import Workspace

plan_app = typer.Typer(help="Make, store, fetch and show plans that wait for an approval.", no_args_is_help=True)
LAPTOP_RUN = "laptop"

_STYLE = {"no change": "green", "change": "yellow", "destroy": "red", "replace": "red"}


@plan_app.command()
def make(
    targets: Targets = None,
    destroy: Annotated[
        list[str] | None, typer.Option("--destroy", metavar="STACK", help="Plan the destruction of this stack.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder for bundles and plans.json (.groundwork/plans).")
    ] = None,
    skip_synth: SkipSynth = False,
    lock_timeout: LockTimeout = 0,
    json: Json = False,
) -> None:
    """Plan stacks of one environment and pack each with its plan, for review, approval and apply.

    Nothing is changed. A stack that reads what another one of this run would change is planned against the planned
    outputs (wave 1, 2 …), and again before its apply; where an output is unknown until then, it waits. The destruction
    of a stack that the code no longer has is planned from what was applied last. On AWS bootstrap stacks are left out:
    a person applies them.
    Examples: `gw plan make dev`, `gw plan make local-network local-api`, `gw plan make --destroy dev-api`
    """
    from groundwork.cli.context import Context
    from groundwork.plan import bootstrap_stacks, plans_file
    from groundwork.plan.make import Watch
    from groundwork.plan.run_plans import environment_of, plan_all

    workspace = replace(Context.here().workspace(), lock_seconds=lock_timeout)
    wanted, destroyed = targets or [], destroy or []
    named = [*wanted, *destroyed]
    bootstrap_stacks.refuse(workspace.environments, wanted, destroy=destroyed)
    manifest = workspace.manifest() if skip_synth else workspace.synth(workspace.environments_of(named))
    stacks = workspace.select(manifest, wanted) if wanted or not destroyed else []
    environment = environment_of(workspace, [*stacks, *destroyed])
    orphaned = [stack for stack in destroyed if stack not in {known.name for known in manifest.stacks}]
    orphans = _last_applied(workspace, orphaned, environment) if orphaned else None
    on_laptop = workspace.environments[environment].target == "laptop"
    planner = _planner(workspace.project.root, on_laptop=on_laptop)
    out = (folder or workspace.project.work / "plans").resolve()
    with console.bars() as bars:
        plans = plan_all(
            workspace,
            stacks,
            destroy=destroyed,
            orphans=orphans,
            planner=planner,
            out=out,
            watch=Watch(
                begin=lambda stack: bars.begin(stack, total=None, doing="planning"),
                end=lambda made: bars.end(made.bundle.stack, made.bundle.outcome),
            ),
        )
    index = plans_file.index(environment, planner, plans.made, plans.waiting)
    plans_file.write(index, out / plans_file.NAME)
    if json:
        console.print_json(index.model_dump(mode="json"))
        return
    show(plans, index)
    console.note(f"{out / plans_file.NAME}: next `gw plan push`")


def _last_applied(workspace: Workspace, stacks: Sequence[str], environment: str) -> Workspace:
    """Stacks that the code no longer has, as they were applied last."""
    from groundwork.store import orphan_folder
    from groundwork.store.opening import open_store

    store = open_store(workspace, environment, role="plan")
    return orphan_folder.extract(workspace, store, stacks, environment=environment)


def _planner(root: Path, *, on_laptop: bool) -> Planner:
    from groundwork.cli.context import who
    from groundwork.plan import commit
    from groundwork.plan.make import Planner

    run = os.environ.get("GITHUB_RUN_ID")
    return Planner(
        commit=commit.of_checkout(root, uncommitted=on_laptop),
        run_id=run or LAPTOP_RUN,
        run_attempt=int(os.environ.get("GITHUB_RUN_ATTEMPT", "1")) if run else 1,
        planned_by=who(),
        clock=lambda: datetime.now(UTC),
    )


def waits_for(waits: Waiting) -> str:
    """What a stack waits for, in words, to follow the word "waits"."""
    return str(waits).removeprefix("waits ")


def show(plans: Plans, index: Index) -> None:
    """Print what was planned, what waits, and what was left out."""
    table = console.table("stack", "plan", "resources", "wave")
    for made in plans.made:
        bundle = made.bundle
        counts = f"{bundle.counts.add} to add, {bundle.counts.change} to change, {bundle.counts.destroy} to destroy"
        word = f"[{_STYLE[bundle.outcome]}]{bundle.outcome}[/]"
        table.add_row(
            bundle.stack,
            f"{word} (end of the stack)" if bundle.purpose == "destroy" else word,
            "" if bundle.outcome == "no change" else counts,
            f"{bundle.wave}, provisional" if bundle.provisional else str(bundle.wave),
        )
    for waits in index.waiting:
        table.add_row(waits.stack, "[magenta]waits[/]", console.escape(waits_for(waits)), "later")
    for stack, why in plans.left_out.items():
        table.add_row(stack, "[magenta]left out[/]", why, "")
    console.out.print(table)
    for made in plans.made:
        for address in made.bundle.protected_destroys:
            console.say(f"[bold red]data is lost with[/] {made.bundle.stack} {console.escape(address)}")
