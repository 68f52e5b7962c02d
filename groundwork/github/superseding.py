"""Deployments that a newer one makes pointless: a run that waits for an approval holds its environment's group.

GitHub counts a run that waits for reviewers as in progress, so `concurrency:` alone lets a newer run wait behind it for
as long as nobody answers (GitHub cancels it after 30 days; elizaOS/eliza#18092 and hephaestus-build/Hephaestus#1962
show it in production). `cancel-in-progress` would end applies as well. So the newer run cancels the older one, and
only while nothing of it runs. REST API: `actions/workflows/ID/runs`, `actions/runs/ID/jobs` and `…/cancel`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from groundwork.errors import GitHubError
from groundwork.github.api import GitHub

_MAIN = "main"
_BUSY = {"queued", "in_progress"}
"""States of a job that runs, or that will without anybody's approval."""

PATIENCE_SECONDS = 300
"""How long the jobs beside a wait may take, such as the notice to who may approve."""
_POLL_SECONDS = 15

What = Literal["cancelled", "still running"]


@dataclass(frozen=True)
class Superseded:
    """An older deployment: what was done about it."""

    run_id: int
    commit: str
    what: What


def supersede(
    api: GitHub,
    run_id: str,
    *,
    contains: Callable[[str, str], bool],
    patience: float = 0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Superseded]:
    """Cancel older runs of this run's workflow that wait for an approval; yields what was done about each.

    `contains` tells of two commits whether the second is part of the first: only a run whose commit this run deploys as
    well is superseded, main's by main's and a tag's by a tag's. A run that waits and of which a job still runs, such as
    the one that tells who may approve, is looked at again for `patience` seconds. The job needs
    `permissions: {actions: write}`. Raises GitHubError where GitHub refuses.
    """
    run = api.get(f"actions/runs/{run_id}", needs="actions: read")
    waiting = api.pages(
        f"actions/workflows/{run['workflow_id']}/runs",
        key="workflow_runs",
        needs="actions: read",
        event="push",
        status="waiting",
    )
    left = [
        older
        for older in list(waiting)
        if older["run_number"] < run["run_number"]
        and _same_kind(older, run)
        and contains(run["head_sha"], str(older["head_sha"]))
    ]
    while left:
        busy = []
        for older in left:
            what = _cancel(api, older)
            if what == "still running" and patience > 0:
                busy.append(older)
            else:
                yield Superseded(int(older["id"]), str(older["head_sha"]), what)
        left = busy
        if left:
            sleep(_POLL_SECONDS)
            patience -= _POLL_SECONDS


def is_newest(api: GitHub, *, ref: str, commit: str) -> bool:
    """Whether no later commit is on main; a tag's run is always the newest.

    The job needs `permissions: {contents: read}`.
    """
    if ref != f"refs/heads/{_MAIN}":
        return True
    return bool(api.get(f"branches/{_MAIN}", needs="contents: read")["commit"]["sha"] == commit)


def _same_kind(older: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    return {older["head_branch"] == _MAIN} == {run["head_branch"] == _MAIN}


def _cancel(api: GitHub, run: Mapping[str, Any]) -> What:
    path = f"actions/runs/{run['id']}"
    jobs = api.pages(f"{path}/jobs", key="jobs", needs="actions: read", filter="latest")
    if any(job["status"] in _BUSY for job in jobs):
        return "still running"
    try:
        api.send("POST", f"{path}/cancel", needs="actions: write")
    except GitHubError:
        # It ended in between.
        if api.get(path, needs="actions: read")["status"] != "completed":
            raise
    return "cancelled"
