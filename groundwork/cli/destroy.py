"""`gw destroy`: destroys stacks, after showing the consequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Yes

if TYPE_CHECKING:
    from groundwork.synthesis.manifest import Manifest
    from groundwork.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def destroy(
        targets: list[str] = typer.Argument(metavar="ENVIRONMENT|STACK...", help="Environments or single stacks."),
        skip_synth: SkipSynth = False,
        confirmed: Yes = False,
        json: Json = False,
    ) -> None:
        """Destroy stacks, downstream first; an environment's state backend goes last, with every old state.

        Shows what is deployed and asks for confirmation first. Example: `gw destroy local`
        """
        from groundwork.apply.rollout import Rollout
        from groundwork.cli import plain_deploys
        from groundwork.cli.applying import update_bars
        from groundwork.cli.confirm import confirm
        from groundwork.cli.context import Context

        context = Context.here()
        workspace = context.workspace()
        manifest = workspace.manifest() if skip_synth else workspace.synth(workspace.environments_of(targets))
        refuse_orphans(workspace, manifest, targets)
        rollout = Rollout(workspace, workspace.select(manifest, targets), context.releaser)
        # What no state has would stay.
        plain_deploys.settle(workspace, rollout.stacks)
        counts = rollout.deployed_resources()
        if not counts:
            console.say("nothing is deployed")
            return
        table = console.table("stack", "resources to destroy")
        for stack, count in counts.items():
            table.add_row(stack, str(count))
        console.err.print(table)
        confirm(describe(counts, rollout.backends), confirmed=confirmed)
        with console.bars() as bars:
            results = rollout.destroy(list(counts), update_bars(bars, counts, "destroying"), console.note)
            for result in results:
                bars.end(result.stack, result.how)
        if json:
            console.print_json([vars(result) for result in results])
        else:
            console.say(f"destroyed: {', '.join(result.stack for result in results)}")


def refuse_orphans(workspace: Workspace, manifest: Manifest, targets: Sequence[str]) -> None:
    """Raise Refused (orphan-not-approved) on AWS, UsageError on the laptop, for stacks that the code no longer has."""
    from groundwork.errors import UsageError
    from groundwork.refusals import Code, Refusal, require_none

    known = {*workspace.environments, *(stack.name for stack in manifest.stacks)}
    unknown = [name for name in targets if name not in known]
    orphans = workspace.orphans(workspace.environments_of(unknown)) if unknown else []
    for orphan in (orphan for orphan in orphans if orphan.stack in unknown):
        sentence = f"it has {orphan.resources} resources and no code, so only an approved plan can destroy it"
        command = f"gw plan make --destroy {orphan.stack}"
        if workspace.environment_of(orphan.stack).target != "laptop":
            require_none([Refusal(Code.ORPHAN_NOT_APPROVED, sentence, command, orphan.stack)])
        raise UsageError(
            f"{orphan.stack}: {sentence}, made from what was applied last",
            fix=f"{command}, gw plan push, gw approve, gw deploy --approved; "
            "if it was applied without plans, destroy it from a commit that has it",
        )


def describe(counts: Mapping[str, int], backends: Mapping[str, str]) -> str:
    """What a destroy does, for the confirmation. `counts` are resources per stack, `backends` map to environments."""
    resources, stacks = sum(counts.values()), len(counts)
    what = f"destroy {resources} resource{'s' * (resources != 1)} of {stacks} stack{'s' * (stacks != 1)}"
    lost = [environment for stack, environment in backends.items() if stack in counts]
    if lost:
        what += f" and delete the history of {' and '.join(lost)}: every version of every state, for good"
    return what
