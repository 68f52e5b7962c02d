"""When an approval was given. GitHub's review history names people but no times; the deployment's statuses have them.

A job that names an environment makes a deployment: `waiting` until somebody approves, then `queued`, `in_progress` …
The first status after `waiting` is the moment at which the approval was there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from groundwork.errors import GitHubError
from groundwork.gate.approval import Approval
from groundwork.github.api import GitHub

_BEFORE = {"waiting", "pending"}


def approvals_with_times(api: GitHub, run: Mapping[str, Any], environment: str) -> list[Approval]:
    """Who approved `environment` in this run, and when; whoever rejected it is not here.

    A re-run waits again and is approved again, but the history does not say which yes belongs to which attempt. So
    somebody who said yes n times is given the time of the nth approved deployment: never later than their last yes.
    Where several people said yes, and each job that was let through had a yes of its own, one of them said the last:
    that is an approval at its time by any of them, which counts where all of them may.
    Raises GitHubError where people approved and no deployment of the run shows when.
    """
    history = api.get(f"actions/runs/{run['id']}/approvals", needs="actions: read")
    yes = Counter(
        str(review["user"]["login"])
        for review in history
        if review["state"] == "approved" and any(one["name"] == environment for one in review["environments"])
    )
    if not yes:
        return []
    moments = _moments(api, run, environment)
    if not moments:
        raise GitHubError(
            f"run {run['id']} was approved for {environment}, but no deployment of it says when",
            fix="start the deploy workflow again: an approval without a time counts for nothing",
        )
    given = [Approval(by=login, at=moments[min(times, len(moments)) - 1]) for login, times in sorted(yes.items())]
    first, *others = sorted(yes)
    if others and yes.total() >= len(moments):
        given.append(Approval(by=first, at=moments[-1], or_by=others))
    return given


def _moments(api: GitHub, run: Mapping[str, Any], environment: str) -> list[datetime]:
    """The moments at which deployments of this run were let through, the earliest first."""
    found = []
    query = {"sha": str(run["head_sha"]), "environment": environment}
    for deployment in api.pages("deployments", needs="deployments: read", **query):
        statuses = sorted(
            api.pages(f"deployments/{deployment['id']}/statuses", needs="deployments: read"),
            key=lambda status: (_at(status), status["id"]),
        )
        if any(_belongs(status, str(run["id"])) for status in statuses):
            waited = [number for number, status in enumerate(statuses) if status["state"] in _BEFORE]
            after = statuses[waited[-1] + 1 :] if waited else statuses
            if after:
                found.append(_at(after[0]))
    return sorted(found)


def _belongs(status: Mapping[str, Any], run_id: str) -> bool:
    """Whether a status was written by a job of the run: its log lies below the run's address."""
    where = f"{status.get('log_url') or ''} {status.get('target_url') or ''}"
    return re.search(rf"/actions/runs/{re.escape(run_id)}(?!\d)", where) is not None


def _at(status: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(status["created_at"]))
