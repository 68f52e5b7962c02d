"""What the fake remembers: plain values, rendered into GitHub's JSON by the handlers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


class Refusal(Exception):
    """An answer of the API other than 2xx, in GitHub's words; `accepted` names the permissions that would do."""

    def __init__(self, status: int, message: str, *, accepted: str = "", errors: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.accepted = accepted
        self.errors = errors


class Clock:
    """Real time in microseconds, never the same twice: GitHub shows seconds, and a test is faster than that."""

    def __init__(self) -> None:
        self._last = datetime.now(UTC)

    def text(self) -> str:
        """Now, as GitHub writes a time."""
        self._last = max(self._last + timedelta(microseconds=1), datetime.now(UTC))
        return self._last.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def user(login: str) -> dict[str, Any]:
    """A simple user."""
    return {"login": login, "id": sum(login.encode()), "type": "Bot" if login.endswith("[bot]") else "User"}


@dataclass
class Commit:
    """`author` and `committer` are logins, empty where the address belongs to nobody."""

    sha: str
    author: str
    committer: str
    message: str
    author_email: str
    committer_email: str

    def json(self) -> dict[str, Any]:
        return {
            "sha": self.sha,
            "commit": {
                "message": self.message,
                "author": {"name": self.author or "somebody", "email": self.author_email},
                "committer": {"name": self.committer or "somebody", "email": self.committer_email},
            },
            "author": user(self.author) if self.author else None,
            "committer": user(self.committer) if self.committer else None,
        }


@dataclass
class Pull:
    number: int
    author: str
    head_sha: str
    head_ref: str
    base_sha: str
    commits: list[str]
    fork: bool
    merge_sha: str
    labels: list[str] = field(default_factory=list)
    merged_by: str = ""
    merged_at: str | None = None

    def brief(self, repository: str) -> dict[str, Any]:
        """The pull request as it is listed for a commit."""
        owner, name = repository.split("/")
        head = f"{self.author}/{name}" if self.fork else repository
        return {
            "number": self.number,
            "state": "closed" if self.merged_by else "open",
            "user": user(self.author),
            "merge_commit_sha": self.merge_sha,
            "merged_at": self.merged_at,
            "labels": [{"name": label} for label in self.labels],
            "head": {
                "sha": self.head_sha,
                "ref": self.head_ref,
                "repo": {"full_name": head, "fork": self.fork, "owner": user(head.split("/")[0])},
            },
            "base": {
                "sha": self.base_sha,
                "ref": "main",
                "repo": {"full_name": repository, "fork": False, "owner": user(owner)},
            },
        }

    def json(self, repository: str) -> dict[str, Any]:
        return {
            **self.brief(repository),
            "merged": bool(self.merged_by),
            "merged_by": user(self.merged_by) if self.merged_by else None,
            "commits": len(self.commits),
        }


@dataclass
class Deployment:
    id: int
    sha: str
    ref: str
    environment: str
    run_id: int
    attempt: int
    job: str
    created_at: str
    statuses: list[dict[str, Any]] = field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.statuses[-1]["state"])


@dataclass
class Environment:
    """`refs` are its deployment branch policies; None lets every ref deploy, `protected` only protected branches."""

    id: int
    name: str
    reviewers: list[dict[str, Any]] = field(default_factory=list)
    prevent_self_review: bool = False
    can_admins_bypass: bool = True
    wait_timer: int = 0
    policy: dict[str, bool] | None = None
    refs: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        rules: list[dict[str, Any]] = []
        if self.wait_timer:
            rules.append({"id": 1, "type": "wait_timer", "wait_timer": self.wait_timer})
        if self.reviewers:
            rules.append(
                {
                    "id": 2,
                    "type": "required_reviewers",
                    "prevent_self_review": self.prevent_self_review,
                    "reviewers": self.reviewers,
                }
            )
        if self.policy:
            rules.append({"id": 3, "type": "branch_policy"})
        return {
            "id": self.id,
            "name": self.name,
            "can_admins_bypass": self.can_admins_bypass,
            "protection_rules": rules,
            "deployment_branch_policy": self.policy,
        }


@dataclass
class State:
    """Everything of one repository. `plan` is what its owner pays for: free, pro, team or enterprise."""

    repository: str
    private: bool
    plan: str
    organisation: bool
    immutable_subject: bool
    clock: Clock = field(default_factory=Clock)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1001))
    commits: dict[str, Commit] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    """The commits on main, oldest first."""
    pulls: dict[int, Pull] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    rulesets: dict[int, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    runner_groups: dict[int, dict[str, Any]] = field(default_factory=dict)
    teams: dict[str, list[str]] = field(default_factory=dict)
    """Team → logins of its members."""
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    repository_id: int = 456789
    owner_id: int = 123456

    def __post_init__(self) -> None:
        self.settings = {
            # What GitHub gives a new repository.
            "actions/permissions": {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False},
            "actions/permissions/workflow": {
                "default_workflow_permissions": "read",
                "can_approve_pull_request_reviews": False,
            },
            "actions/permissions/selected-actions": {
                "github_owned_allowed": True,
                "verified_allowed": False,
                "patterns_allowed": [],
            },
        }

    @property
    def owner(self) -> str:
        return self.repository.split("/")[0]

    def environment(self, name: str) -> Environment:
        """The environment of that name; a new one gets no rule, as when a job names it on GitHub."""
        return self.environments.setdefault(name.lower(), Environment(next(self.ids), name))

    def may_review(self, environment: Environment, login: str) -> bool:
        """Whether a login is among the reviewers, by itself or through a team."""
        reviewers = [entry["reviewer"] for entry in environment.reviewers]
        return any(
            login == reviewer.get("login") or login in self.teams.get(reviewer.get("slug", ""), ())
            for reviewer in reviewers
        )
