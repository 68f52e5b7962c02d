"""`gw drift`: what somebody changed behind Terraform's back, and what the code has that is not deployed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Targets

if TYPE_CHECKING:
    from groundwork.drift import Difference, StackDrift

UNDEPLOYED = 20
DRIFTED = 25
_STYLE = {"as it should be": "green", "drift": "bold red", "error": "bold red", "undeployed code": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def drift(
        targets: Targets = None,
        issues: Annotated[
            bool, typer.Option("--issues", help="Open, update and close one issue on GitHub per stack.")
        ] = False,
        found_before: Annotated[
            Path | None,
            typer.Option("--found", exists=True, file_okay=False, help="Folder with what `gw drift --json` printed."),
        ] = None,
        skip_synth: SkipSynth = False,
        json: Json = False,
    ) -> None:
        """Compare the world with the states, by what was applied last, and the states with the code. Changes nothing.

        Names resources and attributes, never a value. Ends with 0 where all is as it should be, 20 where code is not
        deployed, 25 where something drifted, 6 where a stack could not be looked at; of several the last in this list.
        With --found nothing is looked at again: in a pipeline, whoever may write issues cannot sign in to AWS.
        Examples: `gw drift local`, `gw drift prod --issues`, `gw drift --issues --found reported`
        """
        from functools import cache

        from groundwork import drift as drifting
        from groundwork.cli.context import Context
        from groundwork.store.opening import open_store

        if found_before:
            found = read(found_before)
        else:
            workspace = Context.here().workspace()
            wanted = targets or []
            environments = workspace.environments_of(wanted)
            manifest = workspace.manifest() if skip_synth else workspace.synth(environments)
            stacks = workspace.select(manifest, wanted)
            whole = [name for name in environments if not wanted or name in wanted]
            orphans = [one.stack for one in workspace.orphans(whole)]
            with console.bars() as bars:
                found = drifting.find(
                    workspace,
                    cache(lambda name: open_store(workspace, name, role="plan")),
                    stacks,
                    orphans=orphans,
                    on_begin=lambda stack: bars.begin(stack, total=None, doing="looking"),
                    on_end=lambda one: bars.end(one.stack, one.status),
                )
        if json:
            console.print_json([as_json(one) for one in found])
        else:
            show(found)
        if issues:
            tell(found)
        raise typer.Exit(exit_code(found))


def read(folder: Path) -> list[StackDrift]:
    """What `as_json` gave, of every *.json of a folder; raises UsageError for anything else."""
    import json

    from groundwork.drift import Difference, StackDrift
    from groundwork.errors import UsageError

    def touched(entries: list[dict[str, Any]]) -> tuple[Difference, ...]:
        return tuple(Difference(one["address"], tuple(one["attributes"]), one["how"]) for one in entries)

    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            found += [
                StackDrift(
                    one["stack"],
                    drift=touched(one["drift"]),
                    computed=touched(one["computed"]),
                    undeployed=touched(one["undeployed"]),
                    compared_with=one["compared_with"],
                    in_code=one["in_code"],
                    not_deployed=one["status"] == "not deployed",
                    note=one["note"],
                    why=one["why"],
                    failed=one["status"] == "error",
                )
                for one in json.loads(file.read_bytes())
            ]
        except (ValueError, KeyError, TypeError) as wrong:
            raise UsageError(f"{file} is not what `gw drift --json` prints: {wrong}", fix="look again") from wrong
    return found


def show(found: Sequence[StackDrift]) -> None:
    """Print a line per stack, then what differs in each."""
    table = console.table("stack", "drift", "")
    for one in found:
        style = _STYLE.get(one.status, "magenta")
        orphaned = "" if one.in_code else "no code any more"
        said = (
            one.why.splitlines()[0]
            if one.why
            else "; ".join(part for part in (orphaned, *one.note.splitlines()[:1]) if part)
        )
        table.add_row(one.stack, f"[{style}]{one.status}[/]", console.escape(said))
    console.out.print(table)
    for one in found:
        for title, touched in (
            ("changed outside of Terraform", one.drift),
            ("code that is not deployed", one.undeployed),
            ("computed anew, no code sets it", one.computed),
        ):
            if touched:
                console.say(f"[bold]{one.stack}[/] {title}")
            for it in touched:
                console.say(f"  {console.escape(_line(it))}")


def exit_code(found: Sequence[StackDrift]) -> int:
    """The worst of all stacks."""
    from groundwork.errors import TerraformFailed

    statuses = {one.status for one in found}
    if "error" in statuses:
        return TerraformFailed.exit_code
    if "drift" in statuses:
        return DRIFTED
    return UNDEPLOYED if statuses & {"undeployed code", "not deployed"} else 0


def tell(found: Sequence[StackDrift]) -> None:
    """Open, update and close issues; a stack that could not be looked at keeps its issue as it is."""
    import os

    from groundwork import platform
    from groundwork.drift import markdown
    from groundwork.github.api import GitHub
    from groundwork.github.drift_issues import DriftIssues
    from groundwork.paths import Project

    # In a workflow only its own issues are touched; by hand anybody's that carries our marker.
    author = "github-actions[bot]" if os.environ.get("GITHUB_ACTIONS") else ""
    project = Project.find(Path.cwd())
    everywhere = platform.load(project).environments(project.environments)
    environments = {environment.name: environment for environment in everywhere}
    tracker = DriftIssues(GitHub.of(os.environ), author=author)
    for one in found:
        if one.status == "drift":
            what, number = tracker.report(one.stack, markdown(one, environments))
        elif one.status in {"error", "not compared"} or (done := tracker.close(one.stack)) is None:
            continue
        else:
            what, number = done
        console.note(f"{one.stack}: issue #{number} {what}")


def as_json(one: StackDrift) -> dict[str, object]:
    """Names only."""
    return {
        "stack": one.stack,
        "status": one.status,
        "in_code": one.in_code,
        "compared_with": one.compared_with,
        "drift": [vars(it) for it in one.drift],
        "undeployed": [vars(it) for it in one.undeployed],
        "computed": [vars(it) for it in one.computed],
        "note": one.note,
        "why": one.why,
    }


def _line(it: Difference) -> str:
    return f"{it.address} {it.how}" + (f": {', '.join(it.attributes)}" if it.attributes else "")
