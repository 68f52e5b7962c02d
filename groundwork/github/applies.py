"""The result of an apply, written to the pull requests that were merged as its commit."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from groundwork.github import comment
from groundwork.github.api import GitHub
from groundwork.github.comment import CommentResult

UNATTENDED = "-auto"
"""End of the name of an apply job that nobody had to approve: the `suffix` of apply.yml."""


def ran(api: GitHub, run_id: str, environment: str) -> set[str]:
    """How the run's last attempt applied to an environment: "" and UNATTENDED; without changes its job is skipped.

    GitHub names a job of a called workflow `caller / job`. The job needs `permissions: {actions: read}`.
    """
    jobs = api.pages(f"actions/runs/{run_id}/jobs", key="jobs", needs="actions: read", filter="latest")
    names = {str(job["name"]).rpartition(" / ")[2] for job in jobs if job.get("conclusion") != "skipped"}
    return {how for how in ("", UNATTENDED) if f"Apply {environment}{how}" in names}


def sentence(environment: str, *, succeeded: bool, how: Collection[str] = ("",)) -> str:
    """What happened, for a person; `how` it was applied, as in `ran`."""
    if succeeded:
        without = " without approval, by the value delivery.auto_apply" if UNATTENDED in how else ""
        return f"applied to {environment}{without}"
    return f"not applied to {environment}: it was rejected or refused, or it failed"


def write(
    api: GitHub, commit: str, environment: str, *, succeeded: bool, url: str, how: Collection[str] = ("",)
) -> Iterator[CommentResult]:
    """Write to each pull request that was merged as `commit`; a later apply of it replaces the text.

    The job needs `permissions: {pull-requests: write}`.
    """
    mark = "✅" if succeeded else "❌"
    happened = sentence(environment, succeeded=succeeded, how=how)
    text = f"{mark} `{commit[:12]}` {happened}. [The run]({url}) says more."
    for pull in api.pages(f"commits/{commit}/pulls", needs="pull-requests: read"):
        if pull.get("merged_at"):
            yield comment.post(api, int(pull["number"]), [text], topic=f"apply-{environment}", author=comment.ACTIONS)
