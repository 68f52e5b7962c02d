"""`gw deploy --break-glass`: an apply without the gate, shown, confirmed and recorded before anything changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundwork.cli import console

if TYPE_CHECKING:
    from groundwork.apply.rollout import Rollout


def break_the_glass(rollout: Rollout, reason: str, *, confirmed: bool) -> Rollout:
    """Show the diff, let the user type the environment's name (unless `confirmed`), and record the decision.

    A deploy of the returned rollout has its begin and its end in the journal of the plan store, so that `gw recover`
    knows of an apply that was killed, and no approved plan is applied over it.

    Raises UsageError for a reason that is too short, for several environments, and without confirmation; and the errors
    of `open_store` where the decision cannot be recorded. Then nothing is applied.
    """
    from groundwork.apply.rollout import Recording
    from groundwork.cli.confirm import confirm
    from groundwork.cli.context import who
    from groundwork.cli.diff import show
    from groundwork.plan import commit
    from groundwork.plan.chained_diff import diff_stacks
    from groundwork.plan.run_plans import environment_of
    from groundwork.store.audit import Decision, require_reason
    from groundwork.store.journal import Journal
    from groundwork.store.opening import open_store

    reason = require_reason(reason, example='--break-glass "INC-123: the api is down"')
    workspace, environment = rollout.workspace, environment_of(rollout.workspace, rollout.stacks)
    store = open_store(workspace, environment, role="apply")
    show(diff_stacks(workspace, rollout.stacks), text=True, to=console.err)
    confirm(f"apply {', '.join(rollout.stacks)} without an approved plan", confirmed=confirmed, word=environment)
    decision = Decision(
        kind="break-glass",
        environment=environment,
        who=who(),
        at=datetime.now(UTC),
        commit=commit.of_checkout(workspace.project.root, uncommitted=True),
        stacks=tuple(rollout.stacks),
        reason=reason,
    )
    console.note(f"recorded: {store.record(decision)}")
    recording = Recording(
        Journal(store.objects), "break-glass", decision.commit, decision.who, lambda: datetime.now(UTC)
    )
    return replace(rollout, recording=recording)
