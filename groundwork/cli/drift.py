"""`gw drift`: what somebody changed outside of Terraform, and code that is not deployed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, LockTimeout, SkipSynth, Targets

if TYPE_CHECKING:
    from groundwork.drift import StackDrift
    from groundwork.plan.drifted import Difference

UNDEPLOYED = 20
NOT_COMPARED = 21
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
        reports: Annotated[
            Path | None,
            typer.Option("--from", exists=True, file_okay=False, help="Folder with the output of `gw drift --json`."),
        ] = None,
        skip_synth: SkipSynth = False,
        lock_timeout: LockTimeout = 0,
        json: Json = False,
    ) -> None:
        """Compare AWS with the states, using what was applied last, and the states with the code; change nothing.

        Shows names of resources and attributes, never values. Ends with 0 where all is as it should be, 20 where code
        is not deployed, 25 where something drifted, 21 where a stack was not compared (provider or cluster missing, or
        an orphan of which nothing is stored), 6 where comparing failed; if several apply, with the last in this list.
        With --from nothing is compared again: a job that may write issues cannot sign in to AWS.
        Examples: `gw drift local`, `gw drift prod --issues`, `gw drift --issues --from reported`
        """
        from dataclasses import replace
        from functools import cache

        from groundwork import drift as drifting
        from groundwork.cli.context import Context
        from groundwork.store.opening import open_store

        if reports:
            drifts = read(reports)
        else:
            workspace = replace(Context.here().workspace(), lock_seconds=lock_timeout)
            wanted = targets or []
            environments = workspace.environments_of(wanted)
            manifest = workspace.manifest() if skip_synth else workspace.synth(environments)
            stacks = workspace.select(manifest, wanted)
            complete = [name for name in environments if not wanted or name in wanted]
            orphans = [orphan.stack for orphan in workspace.orphans(complete)]
            with console.bars() as bars:
                drifts = drifting.find(
                    workspace,
                    cache(lambda name: open_store(workspace, name, role="plan")),
                    stacks,
                    orphans=orphans,
                    on_begin=lambda stack: bars.begin(stack, total=None, doing="comparing"),
                    on_end=lambda stack_drift: bars.end(stack_drift.stack, stack_drift.status),
                )
        if json:
            console.print_json([as_json(stack_drift) for stack_drift in drifts])
        else:
            show(drifts)
        if issues:
            report_issues(drifts)
        raise typer.Exit(exit_code(drifts))


def read(folder: Path) -> list[StackDrift]:
    """The output of `gw drift --json` in every *.json of a folder; raises UsageError for anything else, or nothing."""
    import json

    from groundwork.drift import StackDrift
    from groundwork.errors import UsageError
    from groundwork.plan.drifted import Difference

    def differences(entries: list[dict[str, Any]]) -> tuple[Difference, ...]:
        return tuple(Difference(entry["address"], tuple(entry["attributes"]), entry["how"]) for entry in entries)

    drifts = []
    for file in sorted(folder.glob("*.json")):
        try:
            drifts += [
                StackDrift(
                    entry["stack"],
                    drift=differences(entry["drift"]),
                    computed=differences(entry["computed"]),
                    undeployed=differences(entry["undeployed"]),
                    compared_with=entry["compared_with"],
                    in_code=entry["in_code"],
                    not_deployed=entry["status"] == "not deployed",
                    note=entry["note"],
                    why=entry["why"],
                    failed=entry["status"] == "error",
                )
                for entry in json.loads(file.read_bytes())
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{file} is not what `gw drift --json` prints: {error}", fix=f"delete {file}") from error
    if not drifts:
        raise UsageError(f"{folder} names no stack: nothing was compared", fix="gw drift ENVIRONMENT --json > FILE")
    return drifts


def show(drifts: Sequence[StackDrift]) -> None:
    """Print a line per stack, then what differs in each."""
    table = console.table("stack", "drift", "")
    for drift in drifts:
        style = _STYLE.get(drift.status, "magenta")
        orphaned = "" if drift.in_code else "no code any more"
        detail = drift.why.splitlines()[:1] or [part for part in (orphaned, *drift.note.splitlines()[:1]) if part]
        table.add_row(drift.stack, f"[{style}]{drift.status}[/]", console.escape("; ".join(detail)))
    console.out.print(table)
    for drift in drifts:
        for title, differences in (
            ("changed outside of Terraform", drift.drift),
            ("code that is not deployed", drift.undeployed),
            ("computed by AWS, not set by the code", drift.computed),
        ):
            if differences:
                console.say(f"[bold]{drift.stack}[/] {title}")
            for difference in differences:
                console.say(f"  {console.escape(_line(difference))}")


def exit_code(drifts: Sequence[StackDrift]) -> int:
    """The exit code of the worst status: error, not compared, drift, undeployed code."""
    from groundwork.errors import TerraformFailed

    statuses = {drift.status for drift in drifts}
    if "error" in statuses:
        return TerraformFailed.exit_code
    if "not compared" in statuses:
        # Before drift, which a pipeline accepts: a stack that nobody looks at for months must not go unnoticed.
        return NOT_COMPARED
    if "drift" in statuses:
        return DRIFTED
    return UNDEPLOYED if statuses & {"undeployed code", "not deployed"} else 0


def report_issues(drifts: Sequence[StackDrift]) -> None:
    """Open, update and close issues; a stack that could not be compared keeps its issue."""
    import os

    from groundwork import platform
    from groundwork.cli.notifying import notify
    from groundwork.drift import markdown
    from groundwork.github.api import GitHub
    from groundwork.github.drift_issues import DriftIssues
    from groundwork.paths import Project

    # A workflow changes only its own issues; a person changes everybody's with the tool's marker.
    author = "github-actions[bot]" if os.environ.get("GITHUB_ACTIONS") else ""
    project = Project.find(Path.cwd())
    everywhere = platform.load(project).environments(project.environments)
    environments = {environment.name: environment for environment in everywhere}
    tracker = DriftIssues(GitHub.of(os.environ), author=author)
    for drift in drifts:
        if drift.status == "drift":
            what, number = tracker.report(drift.stack, markdown(drift, environments))
        elif drift.status in {"error", "not compared"} or (closed := tracker.close(drift.stack)) is None:
            continue
        else:
            what, number = closed
        console.note(f"{drift.stack}: issue #{number} {what}")
        if what in {"opened", "reopened"}:
            where = f"{os.environ.get('GITHUB_SERVER_URL')}/{os.environ.get('GITHUB_REPOSITORY')}/issues/{number}"
            notify(
                project, os.environ, f"Drift in {drift.stack}", "Somebody changed it outside of Terraform.", url=where
            )


def as_json(drift: StackDrift) -> dict[str, object]:
    """A drift for `--json`: names only."""
    return {
        "stack": drift.stack,
        "status": drift.status,
        "in_code": drift.in_code,
        "compared_with": drift.compared_with,
        "drift": [vars(difference) for difference in drift.drift],
        "undeployed": [vars(difference) for difference in drift.undeployed],
        "computed": [vars(difference) for difference in drift.computed],
        "note": drift.note,
        "why": drift.why,
    }


def _line(difference: Difference) -> str:
    return f"{difference.address} {difference.how}" + (
        f": {', '.join(difference.attributes)}" if difference.attributes else ""
    )
