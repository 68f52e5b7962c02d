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
        text: Annotated[bool, typer.Option("--text", help="Print Terraform's own plan of each stack too.")] = False,
        base: Annotated[
            str | None,
            typer.Option(help="Plan only what differs from this commit, or from this synthesised folder."),
        ] = None,
        through_cdktf: Annotated[
            bool, typer.Option("--cdktf", help="Start the genuine `cdktf diff` for each stack; slower.")
        ] = False,
        json: Json = False,
    ) -> None:
        """Show what every stack would change, side by side. Nothing is changed.

        Ends with 0 where nothing would, 20 where something would change, 23 where something would be destroyed or
        replaced, 24 where a stack is orphaned, 21 where a stack could not be planned (blocked by an upstream stack,
        waiting for outputs that only an apply decides, provider missing), 6 where a plan failed; of several the last in
        this list. What reads something that another stack would change is planned against its planned outputs.

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
            found = chained_diff.diff_stacks(
                workspace,
                stacks,
                base=base_manifest(context, base) if base else None,
                through_cdktf=through_cdktf,
                on_begin=lambda stack: bars.begin(stack, total=None, doing="planning"),
                on_end=lambda one: bars.end(one.stack, one.status.value),
            )
        if set(wanted) <= set(environments):
            found += orphaned(workspace, environments)
        numbers = waves(found, manifest.dependencies)
        if json:
            # Standard output is often a file then, and a job's log would not say what went wrong.
            for one in found:
                if one.status == Status.ERROR:
                    console.err.print(console.escape(one.why), highlight=False)
            console.print_json([as_json(one, numbers[one.stack]) for one in found])
        else:
            show(found, text=text, waves=numbers)
        raise typer.Exit(exit_code(found))


def show(
    found: Sequence[StackDiff], *, text: bool, waves: Mapping[str, int] | None = None, to: Console = console.out
) -> None:
    """Print the table, then Terraform's plans where wanted, then what went wrong; `waves` counts from 0."""
    from groundwork.plan.diff import Status

    table = console.table("stack", "diff", "")
    for one in found:
        style = _STYLE.get(one.status.value, "magenta")
        detail = str(one.counts) if one.counts and one.status != Status.UNCHANGED else in_a_line(one.why)
        if waves and waves.get(one.stack):
            detail = "; ".join(
                part for part in (detail, f"wave {waves[one.stack]}: its upstream changes first") if part
            )
        table.add_row(one.stack, f"[{style}]{one.status.value}[/]", console.escape(detail))
    to.print(table)
    for one in found:
        if one.status == Status.ERROR:
            console.err.print(console.escape(one.why), highlight=False)
        elif text and one.status != Status.UNCHANGED and one.text:
            to.print(f"\n[bold]{one.stack}[/]", highlight=False)
            to.print(console.escape(plan_only(one.text)), highlight=False)


def in_a_line(why: str) -> str:
    """What went wrong: Terraform's first error where there is one, the first line otherwise."""
    lines = [line.strip(" │╷╵") for line in why.splitlines()] or [""]
    return next((line for line in lines if line.startswith("Error: ")), lines[0]).removeprefix("Error: ")


def as_json(one: StackDiff, wave: int) -> dict[str, Any]:
    """One stack for `--json`; `gw review --plans` reads it. `text` is Terraform's plan, in which it hides secrets."""
    return {
        "stack": one.stack,
        "status": one.status.value,
        "counts": one.counts and one.counts.model_dump(),
        "why": one.why,
        "wave": wave,
        "text": plan_only(one.text) if one.text else "",
    }


def plan_only(text: str) -> str:
    """The plan without what `terraform init` said before it and what Terraform advises after it."""
    lines = text.splitlines()
    begin = next((n for n, line in enumerate(lines) if "will perform the following actions" in line), 0)
    end = next((n for n, line in enumerate(lines) if line.lstrip().startswith("Plan: ")), len(lines) - 1)
    return "\n".join(lines[begin : end + 1])


def exit_code(found: Sequence[StackDiff]) -> int:
    """The worst of all stacks: failed, not planned, changed, unchanged."""
    from groundwork.errors import TerraformFailed
    from groundwork.plan.diff import Status

    statuses = {one.status for one in found}
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
    """A row for every stack that was removed from the code and still has resources."""
    from groundwork.plan.diff import StackDiff, Status

    return [
        StackDiff(
            one.stack, Status.ORPHANED, why=f"{one.resources} resources, no code: gw plan make --destroy {one.stack}"
        )
        for one in workspace.orphans(environments)
    ]


def base_manifest(context: Context, base: str) -> Manifest:
    """The stacks to compare with: of a synthesised folder where `base` is one, of a commit otherwise."""
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
