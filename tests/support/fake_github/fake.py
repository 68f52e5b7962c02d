"""The class that tests use."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.fake_github import runs
from tests.support.fake_github.oidc import Signer
from tests.support.fake_github.runs import Run, RunJob
from tests.support.fake_github.server import Server
from tests.support.fake_github.state import Commit, Environment, Pull, Refusal, State, user
from tests.support.fake_github.workflows import Workflows, default_permissions, read_only


class FakeGitHub:
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
        self.signer = Signer()
        self.runs: dict[int, Run] = {}
        self.people: dict[str, tuple[str, bool]] = {}
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
        """What GITHUB_API_URL has to be."""
        return self.server.url

    @property
    def jwks(self) -> dict[str, Any]:
        """The keys that its OIDC tokens are signed with."""
        return self.signer.jwks()

    # ── what is there ──────────────────────────────────────────────────────────────────────────────
    def person(self, login: str, *, admin: bool = False) -> dict[str, str]:
        """Environment variables with a token of a person's own."""
        token = f"ghp_{secrets.token_hex(18)}"
        self.people[token] = (login, admin)
        return {"GITHUB_API_URL": self.url, "GITHUB_TOKEN": token, "GITHUB_REPOSITORY": self.state.repository}

    def team(self, name: str, *members: str) -> None:
        """A team of the organisation."""
        self.state.teams[name] = list(members)

    def environment(
        self,
        name: str,
        *,
        reviewers: Sequence[str] = (),
        prevent_self_review: bool = True,
        can_admins_bypass: bool = False,
        branches: Sequence[str] = ("main",),
        tags: Sequence[str] = (),
    ) -> Environment:
        """An environment; a reviewer is a login, or a team of `team()`. No branch and no tag: every ref may deploy."""
        made = self.state.environment(name)
        made.reviewers = [
            {"type": "Team", "reviewer": {"id": user(one)["id"], "slug": one, "name": one}}
            if one in self.state.teams
            else {"type": "User", "reviewer": user(one)}
            for one in reviewers
        ]
        made.prevent_self_review = prevent_self_review
        made.can_admins_bypass = can_admins_bypass
        patterns = [*(("branch", one) for one in branches), *(("tag", one) for one in tags)]
        made.policy = {"protected_branches": False, "custom_branch_policies": True} if patterns else None
        made.refs = [{"id": next(self.state.ids), "type": kind, "name": one} for kind, one in patterns]
        return made

    def commit(
        self,
        author: str = "alice",
        *,
        committer: str = "web-flow",
        message: str = "a change",
        email: str | None = None,
        committer_email: str = "noreply@github.com",
        sha: str = "",
    ) -> str:
        """A commit; an author who is empty has an address that belongs to no login. Gives its SHA."""
        named = sha or hashlib.sha1(secrets.token_bytes(8)).hexdigest()  # noqa: S324 - the shape of a commit
        address = email if email is not None else f"{author}@example.com"
        self.state.commits[named] = Commit(named, author, committer, message, address, committer_email)
        return named

    def open_pull_request(
        self, author: str = "alice", *, commits: Sequence[str] = (), fork: bool = False, head_ref: str = "change"
    ) -> int:
        """A pull request to main with its commits, one by its author unless given. Gives its number."""
        own = list(commits) or [self.commit(author)]
        number = max([0, *self.state.issues, *self.state.pulls]) + 1
        base, merge = self.commit("somebody-before"), self.commit("web-flow", message=f"test merge of #{number}")
        self.state.pulls[number] = Pull(number, author, own[-1], head_ref, base, own, fork, merge)
        return number

    def merge(self, number: int, by: str, *, sha: str = "") -> str:
        """Merge a pull request as a squash commit. Gives that commit's SHA."""
        pull = self.state.pulls[number]
        pull.merged_by = by
        pull.merge_sha = self.commit(pull.author, message=f"change (#{number})", sha=sha)
        return pull.merge_sha

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
        """Start a run of a workflow file (by name; the only one of that event where left out).

        For `pull_request` a number, or one is opened by the actor. Raises WorkflowInvalid as GitHub refuses a file.
        """
        files = self._workflows.all()
        found = [one for one in files if (one.file.endswith(f"/{workflow}") if workflow else event in one.events)]
        assert len(found) == 1, f"{len(found)} workflows for {workflow or event}: name one of {[w.file for w in files]}"
        assert event in found[0].events, f"{found[0].file} does not run on {event}"
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
            workflow=found[0],
            event=event,
            actor=actor,
            triggering_actor=actor,
            sha=sha,
            head_sha=head or sha,
            ref=ref,
            head_ref=head_ref,
            fork=fork,
            pull_request=pull_request,
            jobs=self._workflows.jobs(found[0], default),
            inputs=dict(inputs or {}),
        )
        self.runs[number] = made
        return made

    def rerun(self, run: Run, by: str) -> Run:
        """Start the run again: one attempt more, and whatever waited waits again."""
        for one in self._jobs:
            if one.run is run:
                one.ended = True
        run.attempt += 1
        run.triggering_actor = by
        return run

    def job(self, run: Run, job_id: str, *, matrix: Mapping[str, str] | None = None) -> RunJob:
        """The job of this attempt, queued on the first call: where it names an environment, its deployment begins.

        Jobs of called workflows are named `caller/job`. Raises DeploymentNotAllowed where a branch policy says no.
        """
        path = job_id if job_id in run.jobs else next((one for one in run.jobs if one.endswith(f"/{job_id}")), job_id)
        job = run.jobs[path]
        environment = job.environment_name(matrix, run.inputs)
        for one in self._jobs:
            if (one.run, one.job.path, one.attempt, one.environment) == (run, path, run.attempt, environment):
                return one
        permissions = read_only(job.permissions) if run.read_only else job.permissions
        made = RunJob(run, job, run.attempt, permissions, environment, id=next(self.state.ids))
        self._jobs.append(made)
        if environment:
            runs.deploy(self.state, made)
        return made

    def job_environment(self, run: Run, job_id: str, *, matrix: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment variables of a job. While it waits for an approval its tokens answer nothing."""
        one = self.job(run, job_id, matrix=matrix)
        ref = run.ref.removeprefix("refs/heads/").removeprefix("refs/tags/").removeprefix("refs/")
        found = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_TOKEN": one.token,
            "GITHUB_REPOSITORY": self.state.repository,
            "GITHUB_REPOSITORY_ID": str(self.state.repository_id),
            "GITHUB_REPOSITORY_OWNER": self.state.owner,
            "GITHUB_REPOSITORY_OWNER_ID": str(self.state.owner_id),
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_NUMBER": str(run.number),
            "GITHUB_RUN_ATTEMPT": str(run.attempt),
            "GITHUB_WORKFLOW": run.workflow.name,
            "GITHUB_WORKFLOW_REF": f"{self.state.repository}/{run.workflow.file}@{run.ref}",
            "GITHUB_JOB": one.job.id,
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
        if one.signs_in:
            found["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.url}/_actions/token/{run.id}/{one.id}?api-version=2.0"
            found["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = one.oidc_token
        return found

    def variables(self, run: Run, job_id: str, *, matrix: Mapping[str, str] | None = None) -> dict[str, str]:
        """What `vars` holds for a job: the repository's variables, and over them those of its environment."""
        name = self.job(run, job_id, matrix=matrix).environment
        return {**self.state.variables, **(self.state.environment(name).variables if name else {})}

    def approve(self, run: Run, environment: str, by: str) -> None:
        """Say yes as a person; Refusal where GitHub would not take it."""
        self.review(run, environment, by=by, state="approved")

    def reject(self, run: Run, environment: str, by: str) -> None:
        """Say no as a person."""
        self.review(run, environment, by=by, state="rejected")

    def review(self, run: Run, environment: str, *, by: str, state: str) -> None:
        """Decide about everything of the run's that waits for an environment."""
        known = self.state.environment(environment)
        waiting = [one for one in self._jobs if one.run is run and one.environment == environment and one.waiting]
        if not waiting:
            raise Refusal(422, "No pending deployment requests to approve or reject")
        if not self.state.may_review(known, by) or (known.prevent_self_review and by == run.triggering_actor):
            raise Refusal(422, "Validation Failed", errors=[f"{by} cannot approve or reject {environment}"])
        self.state.reviews.append(
            {"run_id": run.id, "environment": known.name, "by": by, "state": state, "comment": ""}
        )
        for one in waiting:
            runs.status(self.state, one, "queued" if state == "approved" else "failure")

    def finish(self, run: Run, job_id: str, *, success: bool = True, matrix: Mapping[str, str] | None = None) -> None:
        """The job is over: its tokens answer nothing any more."""
        one = self.job(run, job_id, matrix=matrix)
        one.ended = True
        if one.deployment is not None:
            runs.status(self.state, one, "success" if success else "failure")

    # ── what the server asks ───────────────────────────────────────────────────────────────────────
    def job_of(self, token: str) -> RunJob | None:
        """The job that a token belongs to."""
        return next((one for one in self._jobs if one.token == token), None)

    def job_of_oidc(self, token: str) -> RunJob | None:
        """The job that a request token belongs to."""
        return next((one for one in self._jobs if one.oidc_token == token), None)

    def started(self, one: RunJob) -> None:
        """The job has used its token, so it runs."""
        if one.deployment is not None and one.deployment.state == "queued":
            runs.status(self.state, one, "in_progress")
