"""Runs and their jobs: when a job may start, and what its token may do."""

from __future__ import annotations

import fnmatch
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_github.state import Deployment, Environment, State, user
from tests.support.fake_github.workflows import Permissions, Workflow, WorkflowJob


class DeploymentNotAllowed(Exception):
    """The environment's branch policy does not allow the run's ref: the job fails before it starts."""


@dataclass
class Run:
    """One workflow run. `sha` and `ref` are GITHUB_SHA and GITHUB_REF; for a pull request, those of its test merge."""

    id: int
    number: int
    workflow: Workflow
    event: str
    actor: str
    triggering_actor: str
    sha: str
    head_sha: str
    ref: str
    head_ref: str
    fork: bool
    pull_request: int | None
    jobs: dict[str, WorkflowJob]
    inputs: dict[str, str] = field(default_factory=dict)
    attempt: int = 1
    cancelled: bool = False

    @property
    def read_only(self) -> bool:
        """Whether GitHub takes every write permission from its tokens."""
        return self.fork or (self.actor == "dependabot[bot]" and self.event == "pull_request")

    def payload(self, state: State) -> dict[str, Any]:
        """The event as a workflow sees it in `github.event`."""
        event: dict[str, Any] = {"repository": {"full_name": state.repository}, "sender": user(self.actor)}
        if self.pull_request is not None:
            event |= {
                "action": "opened",
                "number": self.pull_request,
                "pull_request": state.pulls[self.pull_request].json(state.repository),
            }
        if self.inputs:
            event["inputs"] = self.inputs
        return event

    def json(self, state: State, status: str = "in_progress") -> dict[str, Any]:
        """The run; one of which a job waits for reviewers is `waiting`, whatever else runs of it."""
        return {
            "id": self.id,
            "workflow_id": zlib.crc32(self.workflow.file.encode()),
            "run_number": self.number,
            "run_attempt": self.attempt,
            "name": self.workflow.name,
            "path": self.workflow.file,
            "event": self.event,
            "status": "completed" if self.cancelled else status,
            "conclusion": "cancelled" if self.cancelled else None,
            "head_sha": self.head_sha,
            "head_branch": self.head_ref or self.ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
            "actor": user(self.actor),
            "triggering_actor": user(self.triggering_actor),
            "repository": {"full_name": state.repository},
            "html_url": f"https://github.com/{state.repository}/actions/runs/{self.id}",
        }


@dataclass
class RunJob:
    """A job of one attempt. Its token works from the moment it starts until it has ended."""

    run: Run
    job: WorkflowJob
    attempt: int
    permissions: Permissions
    environment: str
    token: str = field(default_factory=lambda: f"ghs_{secrets.token_hex(18)}")
    oidc_token: str = field(default_factory=lambda: secrets.token_hex(20))
    id: int = 0
    deployment: Deployment | None = None
    ended: bool = False

    @property
    def waiting(self) -> bool:
        """Whether it waits for somebody to approve its environment."""
        return self.deployment is not None and self.deployment.state == "waiting"

    @property
    def runs(self) -> bool:
        """Whether it has begun and not ended."""
        return not (self.ended or self.waiting or (self.deployment is not None and self.deployment.state == "failure"))

    def json(self) -> dict[str, Any]:
        started = self.deployment is None or self.deployment.state != "queued"
        status = "completed" if self.ended else "waiting" if self.waiting else "in_progress" if started else "queued"
        return {"id": self.id, "run_id": self.run.id, "name": self.job.name, "status": status, "conclusion": None}

    @property
    def signs_in(self) -> bool:
        """Whether GitHub gives it OIDC tokens at all."""
        return self.permissions.get("id-token") == "write"


def _allows(environment: Environment, ref: str) -> bool:
    """Whether an environment's branch policy lets a ref deploy."""
    if environment.policy is None:
        return True
    if environment.policy.get("protected_branches"):
        return ref == "refs/heads/main"
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    name = ref.removeprefix("refs/tags/").removeprefix("refs/heads/")
    return any(policy["type"] == kind and fnmatch.fnmatchcase(name, policy["name"]) for policy in environment.refs)


def deploy(state: State, run_job: RunJob) -> None:
    """Begin a deployment to the job's environment; it waits if the environment has reviewers.

    Raises DeploymentNotAllowed if the branch policy forbids it.
    """
    run, environment = run_job.run, state.environment(run_job.environment)
    made = Deployment(
        next(state.ids),
        run.head_sha,
        run.ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
        environment.name,
        run.id,
        run.attempt,
        run_job.job.path,
        state.clock.text(),
    )
    state.deployments.append(made)
    run_job.deployment = made
    if not _allows(environment, run.ref):
        add_status(state, run_job, "failure")
        raise DeploymentNotAllowed(
            f'"{made.ref}" is not allowed to deploy to {environment.name} due to environment protection rules.'
        )
    add_status(state, run_job, "waiting" if environment.reviewers else "queued")


def add_status(state: State, run_job: RunJob, name: str) -> None:
    """Add a status to the job's deployment."""
    assert run_job.deployment is not None
    log = f"https://github.com/{state.repository}/actions/runs/{run_job.run.id}/job/{run_job.id}"
    run_job.deployment.statuses.append(
        {
            "id": next(state.ids),
            "state": name,
            "creator": user("github-actions[bot]"),
            "environment": run_job.deployment.environment,
            "log_url": log,
            "target_url": log,
            "created_at": state.clock.text(),
        }
    )
