"""The result of an apply, written to the pull requests that were merged as its commit."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.github import comment
from groundwork.github.api import GitHub
from groundwork.github.comment import CommentResult


def ran(api: GitHub, run_id: str, environment: str) -> bool:
    """Whether the run's last attempt applied to an environment: without changes its job is skipped.

    GitHub names a job of a called workflow `caller / job`. The job needs `permissions: {actions: read}`.
    """
    jobs = api.pages(f"actions/runs/{run_id}/jobs", key="jobs", needs="actions: read", filter="latest")
    return any(
        str(job["name"]).rpartition(" / ")[2] == f"Apply {environment}" and job.get("conclusion") != "skipped"
        for job in jobs
    )


def sentence(environment: str, *, succeeded: bool) -> str:
    """What happened, for a person."""
    if succeeded:
        return f"applied to {environment}"
    return f"not applied to {environment}: it was rejected or refused, or it failed"


def write(api: GitHub, commit: str, environment: str, *, succeeded: bool, url: str) -> Iterator[CommentResult]:
    """Write to each pull request that was merged as `commit`; a later apply of it replaces the text.

    The job needs `permissions: {pull-requests: write}`.
    """
    mark = "✅" if succeeded else "❌"
    text = f"{mark} `{commit[:12]}` {sentence(environment, succeeded=succeeded)}. [The run]({url}) says more."
    for pull in api.pages(f"commits/{commit}/pulls", needs="pull-requests: read"):
        if pull.get("merged_at"):
            yield comment.post(api, int(pull["number"]), [text], topic=f"apply-{environment}", author=comment.ACTIONS)
