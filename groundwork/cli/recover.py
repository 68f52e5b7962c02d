"""`gw recover`: what an apply that was killed left behind, and that it is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Yes

if TYPE_CHECKING:
    from groundwork.recover.inspect import Looking, Report
    from groundwork.recover.steps import Step

UNSETTLED = 26


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def recover(
        target: Annotated[
            str, typer.Argument(metavar="[ENVIRONMENT|STACK]", help="One stack, or all of an environment (local).")
        ] = "local",
        settled: Annotated[
            bool, typer.Option("--settled", help="Write down that it is: new plans of the stack are applied again.")
        ] = False,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="With --settled: what was done.")] = "",
        push_state: Annotated[
            bool, typer.Option("--push-state", help="Store the state that the apply could not store.")
        ] = False,
        correct_checksum: Annotated[
            bool, typer.Option("--correct-checksum", help="Make the checksum that of the state that is stored.")
        ] = False,
        skip_synth: SkipSynth = False,
        yes: Yes = False,
        json: Json = False,
    ) -> None:
        """Say what an apply did that was killed: from journal, state, lock, and what carries the stack's tags in AWS.

        Changes nothing without an option. Ends with 26 where an apply is open: nothing is applied to its stack before
        it is settled. Examples: `gw recover`, `gw recover dev-network`,
        `gw recover dev-network --settled --reason "imported the queue, INC-123"`
        """
        from groundwork.cli.context import Context
        from groundwork.errors import UsageError
        from groundwork.plan import selection
        from groundwork.recover.inspect import Looking
        from groundwork.store.plan_store import PlanStore

        workspace = Context.here().workspace()
        whole = target in workspace.environments
        environment = target if whole else selection.environment_of(target, workspace.environments)
        if (settled or push_state or correct_checksum) and whole:
            raise UsageError("what changes something is said of one stack", fix="gw recover STACK …")
        if reason and not settled:
            raise UsageError("--reason belongs to --settled", fix="add --settled")
        if not skip_synth:
            workspace.synth([environment])
        looking = Looking(workspace, PlanStore.of(workspace, environment, role="apply"))
        stacks = list(dict.fromkeys(one.stack for one in looking.journal.open())) if whole else [target]
        reports = [looking.stack(stack) for stack in stacks]
        if correct_checksum:
            _correct(reports[0], yes=yes)
            reports = [looking.stack(target)]
        if push_state:
            _push(looking, reports[0], yes=yes)
            reports = [looking.stack(target)]
        if settled:
            _settle(looking, reports[0], reason)
            return
        if json:
            console.print_json([as_json(one) for one in reports])
        else:
            for one in reports:
                show(one)
            if not reports:
                console.say(f"{environment}: every apply that began is known to have ended")
        raise typer.Exit(UNSETTLED if any(one.opened for one in reports) else 0)


def show(report: Report) -> None:
    """Print what is known of one stack."""
    stack = report.stack
    for began in report.opened:
        console.say(f"[bold red]{stack}[/] an apply never said that it ended: {console.escape(str(began))}")
    if not report.opened:
        console.say(f"{stack}: no apply is open")
    if report.before:
        began, ended = report.before
        why = f" ({ended.why})" if ended.why else ""
        console.say(f"  before it: {ended.result}{console.escape(why)}, {console.escape(str(began))}")
    if report.opened:
        console.say(f"  state: planned from serial {report.opened[-1].state.serial}, now at {report.state.serial}")
    for step in report.steps:
        console.say(f"  {console.escape(_sentence(step))}")
    if report.complete:
        console.say("  the state has everything that was planned: only the last word of the apply is missing")
    if report.found:
        console.say("  [bold]exists with this stack's tags, and no state knows it[/]:")
    for one in report.found:
        console.say(f"    {console.escape(one.arn)}")
        said = one.line or "; ".join(f"terraform import '{address}' '{one.id}'" for address in one.addresses)
        console.say(f"      {console.escape(said)}" if said else "      no import line")
        console.say(f"      {'certain' if one.certain else 'not certain'}: {console.escape(one.why)}")
    if report.cannot_be_found:
        console.say("  cannot be found by tags, look for it by hand:")
        for address in report.cannot_be_found:
            console.say(f"    {console.escape(address)}")
    for note in report.notes:
        console.say(f"  {console.escape(note)}")
    _show_ways(report)


def _show_ways(report: Report) -> None:
    stack = report.stack
    if report.checksum:
        console.say(
            "  killed between storing the state and its checksum: no plan is made before --settled corrects that"
        )
    if report.lock:
        console.say(f"  locked by {console.escape(report.lock.who)} since {report.lock.created}: if its run has died:")
        console.say(f"    gw unlock {stack} {report.lock.id}")
    if report.left:
        only = f", which alone has {', '.join(report.left.only_here)}" if report.left.only_here else ""
        console.say(f"  {report.left.path}: a state (serial {report.left.at.serial}) that was never stored{only}")
        console.say(
            f"    not to be stored: {report.left.problem}"
            if report.left.problem
            else f"    gw recover {stack} --push-state"
        )
    if report.opened:
        console.say(f'  when it is in order: gw recover {stack} --settled --reason "…", then gw plan make {stack}')


def as_json(report: Report) -> dict[str, object]:
    """A report without anything that may be secret."""
    left = report.left
    return {
        "stack": report.stack,
        "open": [one.model_dump(mode="json") for one in report.opened],
        "before": report.before and report.before[1].model_dump(mode="json"),
        "state": report.state.model_dump(),
        "complete": report.complete,
        "steps": [vars(step) for step in report.steps],
        "unrecorded": [{**vars(one), "line": one.line} for one in report.found],
        "cannot_be_found": list(report.cannot_be_found),
        "lock": report.lock and vars(report.lock),
        "left_state": left
        and {"path": str(left.path), "serial": left.at.serial, "only_here": left.only_here, "problem": left.problem},
        "checksum_differs": report.checksum is not None,
        "notes": list(report.notes),
    }


def _sentence(step: Step) -> str:
    return f"{step.progress:<15} {step.action} {step.address}"


def _correct(report: Report, *, yes: bool) -> None:
    from groundwork.cli.confirm import confirm
    from groundwork.errors import UsageError

    if report.checksum is None:
        raise UsageError(f"{report.stack}: the checksum is that of the state", fix=f"gw recover {report.stack}")
    confirm(f"take the stored state of {report.stack} (serial {report.state.serial}) for whole", yes=yes)
    report.checksum.correct()
    console.note(f"{report.stack}: the checksum is that of the state again")


def _push(looking: Looking, report: Report, *, yes: bool) -> None:
    from groundwork.cli.confirm import confirm
    from groundwork.errors import UsageError
    from groundwork.recover import left_state
    from groundwork.terraform.terraform_run import TerraformRun

    left, workspace = report.left, looking.workspace
    if left is None:
        raise UsageError(f"{report.stack}: no state is left on this machine", fix=f"gw recover {report.stack}")
    confirm(f"store {left.path} (serial {left.at.serial}) as the state of {report.stack}", yes=yes)
    folder = workspace.manifest().stack(report.stack).folder
    program = str(workspace.tools.terraform)
    left_state.push(left, TerraformRun(folder, report.stack, program, workspace.environ(report.stack)))
    console.note(f"{report.stack}: stored as serial {left.at.serial}; {left.path} is gone")


def _settle(looking: Looking, report: Report, reason: str) -> None:
    from datetime import UTC, datetime

    from groundwork.cli.deploy_approved import who
    from groundwork.recover.settle import Settling

    for one in report.found:
        console.note(f"[yellow]still without a state[/]: {console.escape(one.arn)}")
    for began in Settling(looking.store, who(), datetime.now(UTC)).settle(report, reason):
        console.say(f"{began.stack}: settled; it was {console.escape(str(began))}")
    console.note(f"its old plan is not applied again: gw plan make {report.stack}")
