"""`gw recover`: shows what a killed apply left behind, and records that it is resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Yes

if TYPE_CHECKING:
    from groundwork.recover.inspect import Inspector, Report
    from groundwork.store.plan_store import PlanStore
    from groundwork.workspace import Workspace

UNSETTLED = 26


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def recover(
        target: Annotated[
            str, typer.Argument(metavar="[ENVIRONMENT|STACK]", help="One stack, or all of an environment (local).")
        ] = "local",
        resolve: Annotated[
            bool, typer.Option("--resolve", help="Record that the apply is resolved: new plans can be applied again.")
        ] = False,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="With --resolve: what was done.")] = "",
        push_state: Annotated[
            bool, typer.Option("--push-state", help="Store the state that the apply could not store.")
        ] = False,
        correct_checksum: Annotated[
            bool, typer.Option("--correct-checksum", help="Replace the stored checksum by that of the stored state.")
        ] = False,
        adopt: Annotated[
            bool, typer.Option("--import", help="Import what exists under the names in the code and no state has.")
        ] = False,
        skip_synth: SkipSynth = False,
        confirmed: Yes = False,
        json: Json = False,
    ) -> None:
        """Report what a killed apply did, from journal, state, lock, and resources in AWS with its names and tags.

        Changes nothing without an option, and names the next command. Ends with 26 while an apply is open, whose stack
        is not applied again before that is resolved, and where a lock, a wrong checksum, a state that was never stored,
        or a resource that no state has is left.
        Examples: `gw recover`, `gw recover dev-network`, `gw recover dev-network --import`,
        `gw recover dev-network --resolve --reason "imported the queue, INC-123"`
        """
        from groundwork import selection
        from groundwork.cli.context import Context
        from groundwork.errors import UsageError
        from groundwork.recover.inspect import Inspector
        from groundwork.state import bootstrap_folder
        from groundwork.store.local_entries import local_journal

        workspace = Context.here().workspace()
        is_environment = target in workspace.environments
        environment = target if is_environment else selection.environment_of(target, workspace.environments)
        if (resolve or push_state or correct_checksum or adopt) and is_environment:
            raise UsageError("an option that changes something needs a single stack", fix="gw recover STACK …")
        if reason and not resolve:
            raise UsageError("--reason belongs to --resolve", fix="add --resolve")
        if not skip_synth:
            workspace.synth([environment])
        unfinished = [
            stack
            for stack in bootstrap_folder.unfinished(workspace.project, workspace.environments[environment])
            if is_environment or stack == target
        ]
        if (resolve or push_state or correct_checksum or adopt) and target in unfinished:
            raise UsageError(f"{target}: its bootstrap did not finish", fix=f"gw bootstrap {environment}")
        inspector = Inspector(workspace, _plan_store(workspace, environment), local_journal(workspace.project))
        stacks = inspector.unsettled(environment) if is_environment else [target]
        # A bootstrap finishes by itself what it began; an import would be a second state beside its temporary one.
        reports = [inspector.stack(stack) for stack in stacks if stack not in unfinished]
        for is_wanted, change in ((correct_checksum, _correct), (push_state, _push), (adopt, _import)):
            if is_wanted:
                change(inspector, reports[0], confirmed=confirmed)
                reports = [inspector.stack(target)]
        if resolve:
            _resolve(inspector, reports[0], reason)
            return
        if json:
            console.print_json([as_json(report) for report in reports])
        else:
            for report in reports:
                show(report)
            for stack in unfinished:
                console.say(f"{stack}: its bootstrap, or its destruction by `gw destroy {environment}`, did not finish")
                console.say(f"  next: gw bootstrap {environment}")
            if not reports and not unfinished:
                console.say(f"{environment}: every apply that began has a recorded end, and nothing is locked")
        left = any(map(is_unsettled, reports)) or unfinished
        raise typer.Exit(UNSETTLED if left else 0)


def _plan_store(workspace: Workspace, environment: str) -> PlanStore | None:
    """The plan store, which a laptop may not have yet; raises StackBlocked where AWS has none."""
    from groundwork.errors import StackBlocked
    from groundwork.store.opening import open_store

    values = workspace.environments[environment]
    stacks = {stack.name for stack in workspace.manifest().stacks}
    if values.target == "laptop" and (values.plan_store is None or values.plan_store.stack not in stacks):
        return None
    try:
        return open_store(workspace, environment, role="apply")
    except StackBlocked:
        if values.target == "laptop":
            return None
        raise


def is_unsettled(report: Report) -> bool:
    """Whether something is left that a person has to resolve."""
    return bool(report.commands or report.left or (report.opened and not report.repeatable))


def show(report: Report) -> None:
    """Print what is known about one stack."""
    stack = report.stack
    for began in report.opened:
        console.say(f"[bold red]{stack}[/] an apply has no recorded end: {console.escape(str(began))}")
    if not report.opened:
        console.say(f"{stack}: no apply is open")
    if report.before:
        began, ended = report.before
        why = f" ({ended.why})" if ended.why else ""
        console.say(f"  before it: {ended.result}{console.escape(why)}, {console.escape(str(began))}")
    if report.opened:
        console.say(f"  state: planned from serial {report.opened[-1].state.serial}, now at {report.state.serial}")
    planned = report.opened and report.opened[-1].digest
    for step in report.steps if planned else [step for step in report.steps if step.progress != "done"]:
        console.say(f"  {step.progress:<15} {step.action} {console.escape(step.address)}")
    if report.complete:
        console.say("  the state has everything that was planned: only the record of the end is missing")
    _show_all("exists with this stack's tags, but no state has it:", report.unrecorded)
    known = {each.to: each.id for each in report.imports}
    _show_all(
        "exists under the name in the code, but no state has it:",
        [f"terraform import '{address}' '{id_}'" for address, id_ in known.items()],
    )
    imports = [f"terraform import '{address}' ID" for address in report.missing if address not in known]
    _show_all("planned, but no state has it; if it exists, import it by the ID that the provider documents:", imports)
    _show_all("AWS does not list these by tags, so look for them by name:", report.not_listed)
    for note in report.notes:
        console.say(f"  {console.escape(note)}")
    _show_commands(report)


def _show_all(title: str, lines: tuple[str, ...] | list[str]) -> None:
    for line in (f"  [bold]{title}[/]", *(f"    {console.escape(line)}" for line in lines)) if lines else ():
        console.say(line)


def _show_commands(report: Report) -> None:
    stack, left = report.stack, report.left
    if report.checksum:
        console.say(
            "  killed between storing the state and its checksum, without which Terraform does not read the state"
        )
    if report.lock:
        console.say(
            f"  locked by {console.escape(report.lock.who)} since {report.lock.created} "
            f"({console.escape(report.lock.operation)}); free it only if its run has died"
        )
    if left:
        only = f", the only one with {', '.join(left.only_here)}" if left.only_here else ""
        console.say(f"  {left.path}: a state (serial {left.at.serial}) that was never stored{only}")
        if left.problem:
            console.say(f"    do not store it: {left.problem}")
    if report.commands:
        console.say(f"  next: {report.commands[0]}")
    elif report.opened and report.repeatable:
        console.say(f"  next: gw deploy {stack}: nothing is left of the deploy that was killed")
    elif report.opened:
        console.say(f'  next: gw recover {stack} --resolve --reason "…", when the above is in order')


def as_json(report: Report) -> dict[str, object]:
    """A report without what may be secret."""
    left = report.left
    return {
        "stack": report.stack,
        "open": [entry.model_dump(mode="json") for entry in report.opened],
        "before": report.before and report.before[1].model_dump(mode="json"),
        "state": report.state.model_dump(),
        "complete": report.complete,
        "steps": [vars(step) for step in report.steps],
        "imports": [vars(each) for each in report.imports],
        "unrecorded": list(report.unrecorded),
        "missing": list(report.missing),
        "not_listed": list(report.not_listed),
        "lock": report.lock and vars(report.lock),
        "left_state": left
        and {"path": str(left.path), "serial": left.at.serial, "only_here": left.only_here, "problem": left.problem},
        "checksum_differs": report.checksum is not None,
        "notes": list(report.notes),
        "commands": list(report.commands),
    }


def _correct(_: Inspector, report: Report, *, confirmed: bool) -> None:
    from groundwork.cli.confirm import confirm
    from groundwork.errors import UsageError

    if report.checksum is None:
        raise UsageError(f"{report.stack}: the checksum matches the state", fix=f"gw recover {report.stack}")
    confirm(
        f"trust the stored state of {report.stack} (serial {report.state.serial}) to be complete", confirmed=confirmed
    )
    report.checksum.correct()
    console.note(f"{report.stack}: the checksum matches the state again")


def _push(inspector: Inspector, report: Report, *, confirmed: bool) -> None:
    from groundwork.cli.confirm import confirm
    from groundwork.errors import UsageError
    from groundwork.recover import left_state

    left = report.left
    if left is None:
        raise UsageError(
            f"{report.stack}: there is no unstored state on this machine", fix=f"gw recover {report.stack}"
        )
    confirm(f"store {left.path} (serial {left.at.serial}) as the state of {report.stack}", confirmed=confirmed)
    left_state.push(left, inspector.workspace.terraform(report.stack))
    console.note(f"{report.stack}: stored as serial {left.at.serial}; {left.path} is deleted")


def _import(inspector: Inspector, report: Report, *, confirmed: bool) -> None:
    from groundwork.cli.confirm import confirm
    from groundwork.errors import UsageError

    stack = report.stack
    if not report.imports:
        raise UsageError(
            f"{stack}: nothing exists under the names in the code that no state has", fix=f"gw diff {stack}"
        )
    names = ", ".join(f"{each.to} ({each.id})" for each in report.imports)
    confirm(f"import into the state of {stack}: {names}", confirmed=confirmed)
    terraform = inspector.workspace.terraform(stack)
    terraform.ensure_init()
    for each in report.imports:
        terraform.import_(each.to, each.id)
        console.note(f"{stack}: imported {console.escape(each.to)}")


def _resolve(inspector: Inspector, report: Report, reason: str) -> None:
    from datetime import UTC, datetime

    from groundwork.cli.context import who
    from groundwork.recover.resolve import resolve

    for arn in report.unrecorded:
        console.note(f"[yellow]still not in any state[/]: {console.escape(arn)}")
    resolved = resolve(inspector, report, reason, who=who(), at=datetime.now(UTC))
    for began in resolved:
        console.say(f"{began.stack}: resolved; the apply was {console.escape(str(began))}")
    if all(began.is_plain for began in resolved):
        console.note(f"next: gw deploy {report.stack}")
    else:
        console.note(f"its old plan is not applied again; next: gw plan make {report.stack}")
