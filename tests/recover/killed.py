"""Kills an apply at a moment that a test chooses, with everything it started."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from groundwork.plan.bundle import Index
from groundwork.recover.inspect import Inspector, Report
from groundwork.recover.resolve import resolve as resolve_apply
from groundwork.state.locks import free
from groundwork.store.local_entries import local_journal
from tests.recover.endpoint import Action, Call, between
from tests.support.planned_project import PlannedProject
from tests.support.processes import kill_tree

NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)


def killed_when_held(project: PlannedProject, index: Index, rule: Callable[[Call], Action]) -> None:
    """Apply through an endpoint with that rule, and kill the apply with SIGKILL as soon as a call is held."""
    with through(project, rule) as (faulty, endpoint):
        run = multiprocessing.get_context("fork").Process(target=faulty.apply, args=(index,))
        run.start()
        assert endpoint.reached.wait(120), "no call was held"
        kill_tree(run.pid or 0)
        run.join()
        assert run.exitcode
    # The embedded AWS may take a moment to finish the calls that Terraform made before it was killed.
    time.sleep(0.3)


@contextlib.contextmanager
def through(project: PlannedProject, rule: Callable[[Call], Action]):  # type: ignore[no-untyped-def]
    """The project behind an endpoint that follows a rule, and that endpoint."""
    assert project.workspace.endpoint
    with between(project.workspace.endpoint) as endpoint:
        endpoint.rule = rule
        yield replace(project, workspace=replace(project.workspace, endpoint=endpoint.url, _stores={})), endpoint


def on_state(stack: str, action: Action) -> Callable[[Call], Action]:
    """A rule for every call that stores the state of a stack."""
    name = stack.removeprefix("local-")
    return lambda call: action if call.method == "PUT" and f"/{name}.tfstate" in call.path else "pass"


def inspector(project: PlannedProject) -> Inspector:
    return Inspector(replace(project.workspace, _stores={}), project.store, local_journal(project.workspace.project))


def inspect(project: PlannedProject, stack: str) -> Report:
    return inspector(project).stack(stack)


def unlock(project: PlannedProject, stack: str) -> None:
    """Free the lock that the report names, as `gw unlock` does."""
    report, store = inspect(project, stack), project.workspace.store(stack)
    assert report.lock
    free(store, report.lock.id)


def resolve(project: PlannedProject, report: Report) -> None:
    resolve_apply(inspector(project), report, "looked at it by hand, INC-123", who="ada", at=datetime.now(UTC))
