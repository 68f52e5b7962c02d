"""`gw deploy --break-glass`: an apply without the gate, shown, confirmed and recorded before anything changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundwork.cli import console

if TYPE_CHECKING:
    from groundwork.apply.rollout import Rollout

_SHORTEST = 10  # characters: "INC-123: x" is the least that can be followed up


def break_the_glass(rollout: Rollout, reason: str, *, confirmed: bool) -> None:
    """Show the diff, have the environment's name typed (or `confirmed`), and record the decision.

    Raises UsageError for a reason that is too short, for several environments, and where nobody confirms; what opening
    the plan store raises where the decision cannot be recorded: nothing is applied then.
    """
    from groundwork.cli.confirm import confirm
    from groundwork.cli.deploy_approved import who
    from groundwork.cli.diff import show
    from groundwork.errors import UsageError
    from groundwork.plan import commit
    from groundwork.plan.chained_diff import diff_stacks
    from groundwork.plan.run_plans import environment_of
    from groundwork.store.audit import Decision
    from groundwork.store.opening import open_store

    if len(reason.strip()) < _SHORTEST or " " not in reason.strip():
        raise UsageError(
            f"{reason!r} is too short for a reason", fix='for example: --break-glass "INC-123: the api is down"'
        )
    workspace, environment = rollout.workspace, environment_of(rollout.workspace, rollout.stacks)
    store = open_store(workspace, environment, role="apply")
    show(diff_stacks(workspace, rollout.stacks), text=True, to=console.err)
    confirm(f"apply {', '.join(rollout.stacks)} without an approved plan", confirmed=confirmed, word=environment)
    where = store.record(
        Decision(
            kind="break-glass",
            environment=environment,
            who=who(),
            at=datetime.now(UTC),
            commit=commit.of_checkout(workspace.project.root, uncommitted=True),
            stacks=tuple(rollout.stacks),
            reason=reason.strip(),
        )
    )
    console.note(f"recorded: {where}")
