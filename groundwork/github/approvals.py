"""Who approved this run for this environment, when, and is the environment protected? According to GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from groundwork.errors import UsageError
from groundwork.gate.approval import ApprovalFacts
from groundwork.github.api import GitHub
from groundwork.github.approved_at import approvals_with_times
from groundwork.github.contributors import contributors
from groundwork.github.protection import unprotected
from groundwork.plan.commit import MARK


@dataclass(frozen=True)
class GitHubApprovals:
    """The facts of one workflow run; `run_id` and `run_attempt` identify the run of the current job.

    The job needs `permissions: {actions: read, contents: read, deployments: read, pull-requests: read}`.
    """

    api: GitHub
    run_id: str
    run_attempt: int

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> GitHubApprovals:
        """For the run in Actions' environment variables; raises UsageError outside of a run."""
        run, attempt = run_of(environ)
        return cls(GitHub.of(environ), run, attempt)

    def facts(self, environment: str, *, commit: str, since: str = "") -> ApprovalFacts:
        """What GitHub knows now. Raises GitHubError where it does not answer, or where the run is of another commit."""
        run = self.api.get(f"actions/runs/{self.run_id}", needs="actions: read")
        return ApprovalFacts(
            environment=environment,
            approvals=tuple(approvals_with_times(self.api, run, environment)),
            contributors=contributors(self.api, run, commit, since=since.partition(MARK)[0]),
            unprotected=tuple(unprotected(self.api, environment)),
            run_id=self.run_id,
            run_attempt=self.run_attempt,
        )


def run_of(environ: Mapping[str, str]) -> tuple[str, int]:
    """Number and attempt of the run in Actions' environment variables; raises UsageError outside of a run."""
    run, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    if not (run.isdigit() and attempt.isdigit()):
        raise UsageError(
            "GITHUB_RUN_ID and GITHUB_RUN_ATTEMPT are not set: an approval belongs to a workflow run",
            fix="apply from the deploy workflow; on a laptop `gw approve` is the approval",
        )
    return run, int(attempt)
