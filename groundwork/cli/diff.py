"""`gw diff`: what every stack would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groundwork.cli.context import Context
    from groundwork.plan.diff import StackDiff
    from groundwork.synthesis.manifest import Manifest
    from groundwork.workspace import Workspace

CHANGES = 20
NOT_PLANNED = 21
DESTROYS = 23
ORPHANED = 24
_STYLE = {
    "no change": "green",
    "untouched": "green",
    "change": "yellow",
    "destroy": "red",
    "replace": "red",
    "error": "bold red",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def diff(
        targets: Targets = None,
        skip_synth: SkipSynth = False,
        text: Annotated[bool, typer.Option("--text", help="Also print Terraform's own plan of each stack.")] = False,
        base: Annotated[
            str | None,
            typer.Option(help="Plan only what differs from this commit, or from this synthesised folder."),
        ] = None,
        through_cdktf: Annotated[
            bool, typer.Option("--cdktf", help="Run the real `cdktf diff` for each stack; slower.")
        ] = False,
        json: Json = False,
    ) -> None:
        """Show what every stack would change, side by side. Nothing is changed.

        Ends with 0 where nothing would change, 20 where something would change, 23 where something would be destroyed
        or replaced, 24 where a stack is orphaned, 21 where a stack could not be planned (blocked by an upstream stack,
        waiting for outputs that only an apply decides, provider missing), 6 where a plan failed; if several apply, with
        the last in this list. A stack that reads an output which would change is planned against the changed output.

        Examples: `gw diff local`, `gw diff dev-api --text`, `gw diff dev --base main`
        """
        from groundwork.cli.context import Context
        from groundwork.plan import chained_diff
        from groundwork.plan.diff import Status, waves

        context = Context.here()
        workspace = context.workspace()
        wanted = targets or []
        environments = workspace.environments_of(wanted)
        manifest = workspace.manifest() if skip_synth else workspace.synth(environments)
        stacks = workspace.select(manifest, wanted)
        with console.bars() as bars:
            diffs = chained_diff.diff_stacks(
                workspace,
                stacks,
                base=base_manifest(context, base) if base else None,
                through_cdktf=through_cdktf,
                on_begin=lambda stack: bars.begin(stack, total=None, doing="planning"),
                on_end=lambda stack_diff: bars.end(stack_diff.stack, stack_diff.status.value),
            )
        if set(wanted) <= set(environments):
            diffs += orphaned(workspace, environments)
        numbers = waves(diffs, manifest.dependencies)
        if json:
            # Standard output is often a file then, so the errors go to the job's log as well.
            for stack_diff in diffs:
                if stack_diff.status == Status.ERROR:
                    console.err.print(console.escape(stack_diff.why), highlight=False)
            console.print_json([as_json(stack_diff, numbers[stack_diff.stack]) for stack_diff in diffs])
        else:
            show(diffs, text=text, waves=numbers)
        raise typer.Exit(exit_code(diffs))


def show(
    diffs: Sequence[StackDiff], *, text: bool, waves: Mapping[str, int] | None = None, to: Console = console.out
) -> None:
    """Print the table, then errors, and Terraform's plans with `text`; `waves` counts from 0."""
    from groundwork.plan.diff import Status

    table = console.table("stack", "diff", "")
    for stack_diff in diffs:
        style = _STYLE.get(stack_diff.status.value, "magenta")
        detail = (
            str(stack_diff.counts)
            if stack_diff.counts and stack_diff.status != Status.UNCHANGED
            else first_error(stack_diff.why)
        )
        if waves and waves.get(stack_diff.stack):
            detail = "; ".join(
                part for part in (detail, f"wave {waves[stack_diff.stack]}: its upstream changes first") if part
            )
        table.add_row(stack_diff.stack, f"[{style}]{stack_diff.status.value}[/]", console.escape(detail))
    to.print(table)
    for stack_diff in diffs:
        if stack_diff.status == Status.ERROR:
            console.err.print(console.escape(stack_diff.why), highlight=False)
        elif text and stack_diff.status != Status.UNCHANGED and stack_diff.text:
            to.print(f"\n[bold]{stack_diff.stack}[/]", highlight=False)
            to.print(console.escape(plan_only(stack_diff.text)), highlight=False)


def first_error(why: str) -> str:
    """Terraform's first error where there is one, the first line otherwise."""
    lines = [line.strip(" │╷╵") for line in why.splitlines()] or [""]
    return next((line for line in lines if line.startswith("Error: ")), lines[0]).removeprefix("Error: ")


def as_json(stack_diff: StackDiff, wave: int) -> dict[str, Any]:
    """A diff for `--json`, which `gw review --plans` reads. `text` is Terraform's plan, without sensitive values."""
    return {
        "stack": stack_diff.stack,
        "status": stack_diff.status.value,
        "counts": stack_diff.counts and stack_diff.counts.model_dump(),
        "why": stack_diff.why,
        "wave": wave,
        "text": plan_only(stack_diff.text) if stack_diff.text else "",
        "attributes": stack_diff.attributes and stack_diff.attributes.model_dump(mode="json"),
    }


def plan_only(text: str) -> str:
    """The plan without the output of `terraform init` before it and Terraform's advice after it."""
    lines = text.splitlines()
    begin = next((n for n, line in enumerate(lines) if "will perform the following actions" in line), 0)
    end = next((n for n, line in enumerate(lines) if line.lstrip().startswith("Plan: ")), len(lines) - 1)
    return "\n".join(lines[begin : end + 1])


def exit_code(diffs: Sequence[StackDiff]) -> int:
    """The exit code of the worst status: failed, not planned, orphaned, destroys, changes, unchanged."""
    from groundwork.errors import TerraformFailed
    from groundwork.plan.diff import Status

    statuses = {stack_diff.status for stack_diff in diffs}
    if Status.ERROR in statuses:
        return TerraformFailed.exit_code
    if statuses & {Status.BLOCKED, Status.WAITING, Status.NO_PROVIDER, Status.NO_CLUSTER}:
        return NOT_PLANNED
    if Status.ORPHANED in statuses:
        return ORPHANED
    if statuses & {Status.DESTROYS, Status.REPLACES}:
        return DESTROYS
    return 0 if statuses <= {Status.UNCHANGED, Status.UNTOUCHED} else CHANGES


def orphaned(workspace: Workspace, environments: Sequence[str]) -> list[StackDiff]:
    """A diff for every stack that was removed from the code and still has resources."""
    from groundwork.plan.diff import StackDiff, Status

    return [
        StackDiff(
            orphan.stack,
            Status.ORPHANED,
            why=f"{orphan.resources} resources, no code: gw plan make --destroy {orphan.stack}",
        )
        for orphan in workspace.orphans(environments)
    ]


def base_manifest(context: Context, base: str) -> Manifest:
    """The stacks to compare with: from the synthesised folder `base`, or else from the commit."""
    from pathlib import Path

    from groundwork.review import checkout, revisions
    from groundwork.synthesis.manifest import FILE, Manifest

    if (Path(base) / FILE).is_file():
        return Manifest.read(Path(base))
    store = context.project.work / "review"
    store.mkdir(parents=True, exist_ok=True)
    revision, _ = revisions.parse(f"{base}..{base}", context.project.root, scratch=store)
    (made,) = checkout.synthesise([revision], root=context.project.root, store=store, environ=context.environ)
    return Manifest.read(made.folder)
