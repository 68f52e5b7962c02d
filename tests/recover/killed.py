"""An apply that is killed at a moment that a test chooses, with everything it started."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import psutil

from groundwork.apply.apply import ApprovedApply
from groundwork.plan.bundle import Index
from groundwork.recover.inspect import Inspector, Report
from groundwork.recover.resolve import resolve as resolve_apply
from tests.recover.endpoint import Call, What, between
from tests.support.planned_project import PlannedProject


def approved_apply(project: PlannedProject, index: Index) -> ApprovedApply:
    """An apply past an open gate."""
    return ApprovedApply(project.workspace, index, project.store, lambda *_: [], "grace", lambda: datetime.now(UTC))


def apply(project: PlannedProject, index: Index) -> None:
    stacks = [stored.stack for stored in index.bundles]
    approved_apply(project, index).apply(stacks, on_event=lambda *_: None, say=lambda _: None)


def killed_when_held(project: PlannedProject, index: Index, rule: Callable[[Call], What]) -> None:
    """Apply through an endpoint with that rule, and kill all of it (SIGKILL) as soon as a call is held."""
    with through(project, rule) as (faulty, endpoint):
        run = multiprocessing.get_context("fork").Process(target=apply, args=(faulty, index))
        run.start()
        assert endpoint.reached.wait(120), "the moment to kill never came"
        kill(run.pid or 0)
        run.join()
        assert run.exitcode
    # Terraform's children end with it; what AWS was asked before goes on for a moment.
    time.sleep(0.3)


@contextlib.contextmanager
def through(project: PlannedProject, rule: Callable[[Call], What]):  # type: ignore[no-untyped-def]
    """The project with an endpoint that follows a rule, and that endpoint."""
    assert project.workspace.endpoint
    with between(project.workspace.endpoint) as endpoint:
        endpoint.rule = rule
        yield replace(project, workspace=replace(project.workspace, endpoint=endpoint.url, _stores={})), endpoint


def kill(pid: int) -> None:
    """Kill a process and all that it started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def on_state(stack: str, what: What) -> Callable[[Call], What]:
    """A rule for the first time that a state is stored, and every further one."""
    name = stack.removeprefix("local-")
    return lambda call: what if call.method == "PUT" and f"/{name}.tfstate" in call.path else "pass"


def inspect(project: PlannedProject, stack: str) -> Report:
    return Inspector(replace(project.workspace, _stores={}), project.store).stack(stack)


def resolve(project: PlannedProject, report: Report) -> None:
    resolve_apply(project.store, report, "looked at it by hand, INC-123", who="ada", at=datetime.now(UTC))
