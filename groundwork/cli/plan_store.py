"""`gw plan push`, `pull`, `show`, `outputs` and `auto`: plans between the plan job, the store, and the apply job."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json
from groundwork.cli.plan import plan_app, waits_for

if TYPE_CHECKING:
    from groundwork.plan.bundle import Index
    from groundwork.workspace import Workspace

Plans = Annotated[Path | None, typer.Argument(metavar="[PLANS]", help="The index (.groundwork/plans/plans.json).")]


def register(app: typer.Typer) -> None:
    """Add `gw plan` with these commands and `gw plan make`."""
    app.add_typer(plan_app, name="plan", rich_help_panel="Stacks")


@plan_app.command()
def push(
    plans: Plans = None,
    json: Json = False,
) -> None:
    """Store the plans of an index, each once, with its MAC; the index then names object, version and digest.

    On AWS with the plan role's credentials. Example: `gw plan push`
    """
    from groundwork.cli.context import who
    from groundwork.plan import plans_file
    from groundwork.store import transfer
    from groundwork.store.opening import open_store

    workspace, path, index = _read(plans)
    if plans_file.pushed(index) and index.bundles:
        console.note(f"{path}: stored already")
    else:
        store = open_store(workspace, index.environment, role="plan")
        index = transfer.push(store, index, who=who(), clock=lambda: datetime.now(UTC))
        plans_file.write(index, path)
        console.note(f"{path}: {len(index.bundles)} plans stored")
    _show(index, json)


@plan_app.command()
def pull(
    plans: Plans = None,
    folder: Annotated[Path | None, typer.Option(help="Folder for the bundles (.groundwork/pulled).")] = None,
    json: Json = False,
) -> None:
    """Fetch the plans of an index, each verified by version, digest and MAC, to see what would be applied.

    `gw deploy --approved` fetches for itself. On AWS with the apply role's credentials. Example: `gw plan pull`
    """
    from groundwork.store import transfer
    from groundwork.store.opening import open_store

    workspace, _, index = _read(plans)
    store = open_store(workspace, index.environment, role="apply")
    paths = transfer.pull(store, index, folder or workspace.project.work / "pulled")
    if json:
        console.print_json([str(path) for path in paths])
        return
    for path in paths:
        console.say(str(path))


@plan_app.command()
def show(
    plans: Plans = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Markdown for approvers, with every attribute; needs the bundles.")
    ] = False,
    json: Json = False,
) -> None:
    """Show an index: its plans, their commit and run, where they lie, and what waits.

    With --markdown also what happens to which attribute, from the files beside the index, without secrets.
    Examples: `gw plan show`, `gw plan show --markdown >> "$GITHUB_STEP_SUMMARY"`
    """
    from groundwork.errors import UsageError

    if markdown and json:
        raise UsageError("--markdown and --json exclude each other", fix="gw plan show --markdown")
    _, path, index = _read(plans)
    if markdown:
        from groundwork.plan import markdown as rendering

        waiting = {waits.stack: waits_for(waits) for waits in index.waiting}
        bundles = rendering.read(index, path.parent)
        changes = rendering.read_attributes(index, path.parent)
        console.out.file.write(rendering.summary(index, bundles, waiting, changes))
        return
    _show(index, json)


@plan_app.command()
def outputs(plans: Plans = None) -> None:
    """Print `plans`, `changes` and `waiting` as lines of GITHUB_OUTPUT.

    `plans` is the index on one line; `changes` is whether anything would be applied, `waiting` whether stacks wait for
    that. Example: `gw plan outputs >> "$GITHUB_OUTPUT"`
    """
    from groundwork.errors import UsageError
    from groundwork.plan import plans_file

    _, path, index = _read(plans)
    if not plans_file.pushed(index):
        raise UsageError(f"the plans in {path} are not in a store yet", fix="gw plan push")
    changes = any(stored.outcome != "no change" for stored in index.bundles)
    for name, value in (
        ("plans", index.model_dump_json()),
        ("changes", str(changes).lower()),
        ("waiting", str(bool(index.waiting)).lower()),
    ):
        console.out.file.write(f"{name}={value}\n")


@plan_app.command()
def auto(
    plans: Plans = None,
    summary: Annotated[Path | None, typer.Option(help="File that gets a sentence for people, at its end.")] = None,
) -> None:
    """Print `auto`, whether these plans need no approval (`delivery.auto_apply`), as a line of GITHUB_OUTPUT.

    The gate judges again before the apply. On AWS with the plan role's credentials.
    Example: `gw plan auto --summary "$GITHUB_STEP_SUMMARY" >> "$GITHUB_OUTPUT"`
    """
    import shutil

    from groundwork.gate import auto_apply
    from groundwork.gate.deployed_review import Reviewer
    from groundwork.plan import extracted, markdown
    from groundwork.review.render.escaping import prose
    from groundwork.store.opening import open_store

    workspace, path, index = _read(plans)
    github = workspace.environments[index.environment].github
    highest = github.auto_apply if github else None
    if highest is None:
        console.out.file.write("auto=false\n")
        return
    store = open_store(workspace, index.environment, role="plan")
    judged = extracted.extract(workspace, markdown.read_archives(index, path.parent), name="cdktf.out.judged")
    try:
        reviewer = Reviewer.of(workspace)
        needed = list(
            auto_apply.reasons(index, judged, highest_finding=highest, deployed=store.deployed, reviewer=reviewer)
        )
    finally:
        shutil.rmtree(judged.workspace.out, ignore_errors=True)
    text = [f"**Applied without approval** by the value `delivery.auto_apply`: {auto_apply.sentence(highest)}."]
    if needed:
        text = ["**An approval is needed**, although `delivery.auto_apply` is on:", ""]
        text += [f"- {prose(reason)}" for reason in needed]
    if summary:
        with summary.open("a", encoding="utf-8") as file:
            file.write("\n".join([*text, "", ""]))
    console.out.file.write(f"auto={str(not needed).lower()}\n")


def _read(plans: Path | None) -> tuple[Workspace, Path, Index]:
    from groundwork.cli.context import Context
    from groundwork.plan import plans_file

    workspace = Context.here().workspace()
    path = plans or workspace.project.work / "plans" / plans_file.NAME
    return workspace, path, plans_file.read(path)


def _show(index: Index, json: bool) -> None:
    if json:
        console.print_json(index.model_dump(mode="json"))
        return
    run = f"run {index.run_id} attempt {index.run_attempt}"
    console.note(f"{index.environment}, commit {index.commit[:12]}, {run}, {index.planned_at:%Y-%m-%d %H:%M} UTC")
    table = console.table("stack", "plan", "wave", "digest", "where")
    for stored in index.bundles:
        wave = f"{stored.wave}, provisional" if stored.provisional else str(stored.wave)
        where = stored.location if stored.mac else f"{stored.location} (not stored)"
        table.add_row(stored.stack, stored.outcome, wave, stored.digest[:12], console.escape(where))
    for waits in index.waiting:
        table.add_row(waits.stack, "waits", "later", "", console.escape(waits_for(waits)))
    console.out.print(table)
