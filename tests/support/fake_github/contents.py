"""What a test puts into the repository: people, teams, environments, commits, pull requests."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from tests.support.fake_github.state import Commit, Environment, Pull, State, user


class Contents:
    """The methods of FakeGitHub that fill the repository."""

    state: State
    people: dict[str, tuple[str, bool]]
    """Token → login, and whether that person is an administrator."""

    @property
    def url(self) -> str:
        """The value for GITHUB_API_URL."""
        raise NotImplementedError

    def person(self, login: str, *, admin: bool = False) -> dict[str, str]:
        """Add a person; returns environment variables with their token."""
        token = f"ghp_{secrets.token_hex(18)}"
        self.people[token] = (login, admin)
        return {"GITHUB_API_URL": self.url, "GITHUB_TOKEN": token, "GITHUB_REPOSITORY": self.state.repository}

    def team(self, name: str, *members: str) -> None:
        """Add a team to the organisation."""
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
        """Set up an environment. A reviewer is a login or a team of `team()`; without branches and tags, all deploy."""
        made = self.state.environment(name)
        made.reviewers = [
            {"type": "Team", "reviewer": {"id": user(reviewer)["id"], "slug": reviewer, "name": reviewer}}
            if reviewer in self.state.teams
            else {"type": "User", "reviewer": user(reviewer)}
            for reviewer in reviewers
        ]
        made.prevent_self_review = prevent_self_review
        made.can_admins_bypass = can_admins_bypass
        patterns = [*(("branch", branch) for branch in branches), *(("tag", tag) for tag in tags)]
        made.policy = {"protected_branches": False, "custom_branch_policies": True} if patterns else None
        made.refs = [{"id": next(self.state.ids), "type": kind, "name": pattern} for kind, pattern in patterns]
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
        """Add a commit and return its SHA. With an empty `author`, its address belongs to no login."""
        named = sha or hashlib.sha1(secrets.token_bytes(8)).hexdigest()  # noqa: S324 - the shape of a commit
        address = email if email is not None else f"{author}@example.com"
        self.state.commits[named] = Commit(named, author, committer, message, address, committer_email)
        return named

    def open_pull_request(
        self,
        author: str = "alice",
        *,
        commits: Sequence[str] = (),
        fork: bool = False,
        head_ref: str = "change",
        labels: Sequence[str] = (),
    ) -> int:
        """Open a pull request to main and return its number. Without `commits` it has one commit by its author."""
        own = list(commits) or [self.commit(author)]
        number = max([0, *self.state.issues, *self.state.pulls]) + 1
        base, merge = self.commit("somebody-before"), self.commit("web-flow", message=f"test merge of #{number}")
        self.state.pulls[number] = Pull(number, author, own[-1], head_ref, base, own, fork, merge, list(labels))
        return number

    def merge(self, number: int, by: str, *, sha: str = "") -> str:
        """Merge a pull request as a squash commit and return that commit's SHA."""
        pull = self.state.pulls[number]
        pull.merged_by, pull.merged_at = by, self.state.clock.text()
        pull.merge_sha = self.commit(pull.author, message=f"change (#{number})", sha=sha)
        self.state.history.append(pull.merge_sha)
        return pull.merge_sha
