"""When an approval was given. GitHub's review history names people but no times; the deployment's statuses have them.

A job that names an environment creates a deployment: `waiting` until somebody approves, then `queued`, `in_progress` …
The time of the approval is that of the first status after `waiting`.
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
from groundwork.github.people import login_of

_BEFORE = {"waiting", "pending"}


def approvals_with_times(api: GitHub, run: Mapping[str, Any], environment: str) -> list[Approval]:
    """Who approved `environment` in this run, and when; rejections and approvals by deleted accounts are left out.

    A re-run waits and is approved again, but the history does not show which approval belongs to which attempt. So
    somebody who approved n times gets the time of the nth approved deployment, which is never later than their last
    approval. Where several people approved, and every released job had an approval of its own, one of them gave the
    last: that becomes an approval at its time by any of them, which counts where each of them may approve.
    Where there are more approvals than deployments, because somebody deleted one, only that approval is left: each of
    the others may be older than any time that is known.
    Raises GitHubError where people approved and no deployment of the run shows when.
    """
    history = api.get(f"actions/runs/{run['id']}/approvals", needs="actions: read")
    counts = Counter(
        login
        for review in history
        if (login := login_of(review["user"]))
        and review["state"] == "approved"
        and any(reviewed["name"] == environment for reviewed in review["environments"])
    )
    if not counts:
        return []
    times = _release_times(api, run, environment)
    if not times:
        raise GitHubError(
            f"run {run['id']} was approved for {environment}, but no deployment of it shows when",
            fix="start the deploy workflow again: an approval without a time counts for nothing",
        )
    first, *others = sorted(counts)
    last = [Approval(by=first, at=times[-1], or_by=others)] if counts.total() >= len(times) else []
    if counts.total() > len(times):
        return last
    approvals = [Approval(by=login, at=times[count - 1]) for login, count in sorted(counts.items())]
    return [*approvals, *(last if others else [])]


def _release_times(api: GitHub, run: Mapping[str, Any], environment: str) -> list[datetime]:
    """The times at which deployments of this run were released, earliest first."""
    times = []
    query = {"sha": str(run["head_sha"]), "environment": environment}
    for deployment in api.pages("deployments", needs="deployments: read", **query):
        statuses = sorted(
            api.pages(f"deployments/{deployment['id']}/statuses", needs="deployments: read"),
            key=lambda status: (_created_at(status), status["id"]),
        )
        if any(_belongs(status, str(run["id"])) for status in statuses):
            waited = [number for number, status in enumerate(statuses) if status["state"] in _BEFORE]
            after = statuses[waited[-1] + 1 :] if waited else statuses
            if after:
                times.append(_created_at(after[0]))
    return sorted(times)


def _belongs(status: Mapping[str, Any], run_id: str) -> bool:
    """Whether a status is from a job of the run: its log's address begins with the run's."""
    where = f"{status.get('log_url') or ''} {status.get('target_url') or ''}"
    return re.search(rf"/actions/runs/{re.escape(run_id)}(?!\d)", where) is not None


def _created_at(status: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(status["created_at"]))
