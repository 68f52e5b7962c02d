"""The class that tests use."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.fake_github import runs
from tests.support.fake_github.contents import Contents
from tests.support.fake_github.oidc import Signer
from tests.support.fake_github.runs import Run, RunJob
from tests.support.fake_github.server import Server
from tests.support.fake_github.state import Refusal, State
from tests.support.fake_github.workflows import Workflows, default_permissions, read_only


class FakeGitHub(Contents):
    """One repository on a loopback port; a context manager, or `close()` at the end.

    `workflows` is a folder of workflow files: each job's token may do what they grant it and nothing more. `plan` is
    what the owner pays for: free, pro, team or enterprise. `immutable_subject` gives `sub` the numbers that it has in
    repositories made after 15 July 2026.
    """

    def __init__(
        self,
        repo: str = "acme/groundwork",
        workflows: Path | None = None,
        *,
        private: bool = True,
        plan: str = "enterprise",
        organisation: bool = True,
        immutable_subject: bool = False,
    ) -> None:
        self.state = State(repo, private, plan, organisation, immutable_subject)
        self.lock = threading.RLock()
        self.control_token = secrets.token_hex(20)
        self.signer = Signer()
        self.runs: dict[int, Run] = {}
        self.people: dict[str, tuple[str, bool]] = {}
        self.deleted: set[str] = set()
        self._workflows = Workflows(workflows, repo)
        self._jobs: list[RunJob] = []
        self.server = Server(self)

    def __enter__(self) -> FakeGitHub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        self.server.close()

    @property
    def url(self) -> str:
        """The value for GITHUB_API_URL."""
        return self.server.url

    @property
    def jwks(self) -> dict[str, Any]:
        """The keys that its OIDC tokens are signed with."""
        return self.signer.jwks()

    # ── runs and jobs ──────────────────────────────────────────────────────────────────────────────
    def begin_run(
        self,
        event: str,
        actor: str,
        fork: bool = False,
        *,
        workflow: str = "",
        sha: str = "",
        ref: str = "refs/heads/main",
        pull_request: int | None = None,
        inputs: Mapping[str, str] | None = None,
    ) -> Run:
        """Start a run of a workflow file, by default of the only workflow with that event.

        Without a number, the event `pull_request` opens one by the actor. Raises WorkflowInvalid for a file that
        GitHub would refuse.
        """
        files = self._workflows.all()
        matching = [w for w in files if (w.file.endswith(f"/{workflow}") if workflow else event in w.events)]
        names = [w.file for w in files]
        assert len(matching) == 1, f"{len(matching)} workflows for {workflow or event}: name one of {names}"
        assert event in matching[0].events, f"{matching[0].file} does not run on {event}"
        head, head_ref = sha, ""
        if event == "pull_request":
            pull_request = pull_request or self.open_pull_request(actor, fork=fork)
            pull = self.state.pulls[pull_request]
            fork, ref, sha = pull.fork, f"refs/pull/{pull.number}/merge", pull.merge_sha
            head, head_ref = pull.head_sha, pull.head_ref
        setting = self.state.settings["actions/permissions/workflow"]
        default = default_permissions(setting["default_workflow_permissions"])
        sha = sha or self.commit(actor)
        number = next(self.state.ids)
        made = Run(
            id=number,
            number=len(self.runs) + 1,
            workflow=matching[0],
            event=event,
            actor=actor,
            triggering_actor=actor,
            sha=sha,
            head_sha=head or sha,
            ref=ref,
            head_ref=head_ref,
            fork=fork,
            pull_request=pull_request,
            jobs=self._workflows.jobs(matching[0], default, inputs),
            inputs=dict(inputs or {}),
        )
        self.runs[number] = made
        return made

    def rerun(self, run: Run, by: str) -> Run:
        """Start the run again as another attempt; approvals of the attempt before do not carry over."""
        for run_job in self._jobs:
            if run_job.run is run:
                run_job.ended = True
        run.attempt += 1
        run.triggering_actor = by
        return run

    def job(self, run: Run, job_id: str, *, matrix: Mapping[str, str] | None = None) -> RunJob:
        """The job of this attempt. The first call queues it, and begins the deployment to its environment, if any.

        Jobs of called workflows are named `caller/job`. Raises DeploymentNotAllowed if the branch policy forbids it.
        """
        with self.lock:
            return self._job(run, job_id, matrix or {})

    def _job(self, run: Run, job_id: str, matrix: Mapping[str, str]) -> RunJob:
        path = job_id if job_id in run.jobs else next((p for p in run.jobs if p.endswith(f"/{job_id}")), job_id)
        job = run.jobs[path]
        environment = job.environment_name(matrix)
        for known in self._jobs:
            if (known.run, known.job.path, known.attempt, known.environment) == (run, path, run.attempt, environment):
                return known
        permissions = read_only(job.permissions) if run.read_only else job.permissions
        made = RunJob(run, job, run.attempt, permissions, environment, id=next(self.state.ids))
        self._jobs.append(made)
        if environment:
            runs.deploy(self.state, made)
        return made

    def job_environment(self, run: Run, job_id: str, *, matrix: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment variables of a job. While it waits for an approval, its tokens do not work."""
        run_job = self.job(run, job_id, matrix=matrix)
        ref = run.ref.removeprefix("refs/heads/").removeprefix("refs/tags/").removeprefix("refs/")
        environ = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_TOKEN": run_job.token,
            "GITHUB_REPOSITORY": self.state.repository,
            "GITHUB_REPOSITORY_ID": str(self.state.repository_id),
            "GITHUB_REPOSITORY_OWNER": self.state.owner,
            "GITHUB_REPOSITORY_OWNER_ID": str(self.state.owner_id),
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_NUMBER": str(run.number),
            "GITHUB_RUN_ATTEMPT": str(run.attempt),
            "GITHUB_WORKFLOW": run.workflow.name,
            "GITHUB_WORKFLOW_REF": f"{self.state.repository}/{run.workflow.file}@{run.ref}",
            "GITHUB_JOB": run_job.job.id,
            "GITHUB_EVENT_NAME": run.event,
            "GITHUB_SHA": run.sha,
            "GITHUB_REF": run.ref,
            "GITHUB_REF_NAME": ref,
            "GITHUB_REF_TYPE": "tag" if run.ref.startswith("refs/tags/") else "branch",
            "GITHUB_REF_PROTECTED": str(run.ref == "refs/heads/main").lower(),
            "GITHUB_HEAD_REF": run.head_ref,
            "GITHUB_BASE_REF": "main" if run.pull_request is not None else "",
            "GITHUB_ACTOR": run.actor,
            "GITHUB_TRIGGERING_ACTOR": run.triggering_actor,
        }
        if run_job.signs_in:
            environ["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.url}/_actions/token/{run.id}/{run_job.id}?api-version=2.0"
            environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = run_job.oidc_token
        return environ

    def event(self, run: Run) -> dict[str, Any]:
        """What `github.event` holds in a run."""
        return run.payload(self.state)

    def variables(self, run: Run, job_id: str, *, matrix: Mapping[str, str] | None = None) -> dict[str, str]:
        """What `vars` holds for a job: the repository's variables, and over them those of its environment."""
        name = self.job(run, job_id, matrix=matrix).environment
        return {**self.state.variables, **(self.state.environment(name).variables if name else {})}

    def approve(self, run: Run, environment: str, by: str) -> None:
        """Approve as a person. Raises Refusal where GitHub would refuse."""
        self.review(run, environment, by=by, state="approved")

    def delete_account(self, login: str) -> None:
        """Delete a person's account: what they did stays, without saying who it was."""
        with self.lock:
            self.deleted.add(login)

    def reject(self, run: Run, environment: str, by: str) -> None:
        """Reject as a person. Raises Refusal where GitHub would refuse."""
        self.review(run, environment, by=by, state="rejected")

    def review(self, run: Run, environment: str, *, by: str, state: str) -> None:
        """Approve or reject all jobs of the run that wait for an environment; `state` is "approved" or "rejected"."""
        with self.lock:
            self._review(run, environment, by, state)

    def _review(self, run: Run, environment: str, by: str, state: str) -> None:
        protected = self.state.environment(environment)
        waiting = [
            run_job
            for run_job in self._jobs
            if run_job.run is run and run_job.environment == environment and run_job.waiting
        ]
        if not waiting:
            raise Refusal(422, "No pending deployment requests to approve or reject")
        if not self.state.may_review(protected, by) or (protected.prevent_self_review and by == run.triggering_actor):
            raise Refusal(422, "Validation Failed", errors=[f"{by} cannot approve or reject {environment}"])
        self.state.reviews.append(
            {"run_id": run.id, "environment": protected.name, "by": by, "state": state, "comment": ""}
        )
        for run_job in waiting:
            runs.add_status(self.state, run_job, "queued" if state == "approved" else "failure")

    def finish(self, run: Run, job_id: str, *, success: bool = True, matrix: Mapping[str, str] | None = None) -> None:
        """End the job, and with it its tokens."""
        run_job = self.job(run, job_id, matrix=matrix)
        run_job.ended = True
        if run_job.deployment is not None:
            runs.add_status(self.state, run_job, "success" if success else "failure")

    def cancel(self, run: Run) -> None:
        """Cancel the run as GitHub does: what runs ends, and what waits never begins."""
        run.cancelled = True
        for run_job in self.jobs_of(run):
            if run_job.deployment is not None and not run_job.ended:
                runs.add_status(self.state, run_job, "failure")
            run_job.ended = True

    # ── what the server uses ───────────────────────────────────────────────────────────────────────
    def jobs_of(self, run: Run) -> list[RunJob]:
        """The jobs of the run's last attempt that exist so far."""
        return [run_job for run_job in self._jobs if run_job.run is run and run_job.attempt == run.attempt]

    def shown(self, run: Run) -> dict[str, Any]:
        """A run as the API shows it."""
        waits = any(run_job.waiting for run_job in self.jobs_of(run))
        return run.json(self.state, "waiting" if waits else "in_progress")

    def job_of(self, token: str) -> RunJob | None:
        """The job that a token belongs to."""
        return next((run_job for run_job in self._jobs if run_job.token == token), None)

    def job_of_oidc(self, token: str) -> RunJob | None:
        """The job that a request token belongs to."""
        return next((run_job for run_job in self._jobs if run_job.oidc_token == token), None)

    def mark_running(self, run_job: RunJob) -> None:
        """Set the deployment of a job to in_progress, because it has used its token."""
        if run_job.deployment is not None and run_job.deployment.state == "queued":
            runs.add_status(self.state, run_job, "in_progress")
