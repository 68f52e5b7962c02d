"""Who approved what, and whose approval does not count: facts from GitHub's API or from the laptop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Approval:
    """A person's approval of an environment; `at` is in UTC, from the deployment's status and not from a clock.

    `or_by` are others who may have given this approval instead: GitHub does not say which approval released which job.
    """

    by: str
    at: datetime
    or_by: Sequence[str] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who may have given the approval; one of them did."""
        return (self.by, *self.or_by)


@dataclass(frozen=True)
class ApprovalFacts:
    """What the gate knows about approvals.

    `contributors` is login → why that person's approval does not count ("author of pull request #7", "author of commit
    1a2b3c4", "merged pull request #7", "started run 12"). `unprotected` are the gaps in the environment's protection
    ("no required reviewers", "reviewers may approve their own deployment", "administrators may bypass it" …); empty
    where it holds. `run_id` and `run_attempt` identify the run that wants to apply.
    """

    environment: str
    approvals: Sequence[Approval]
    contributors: Mapping[str, str]
    unprotected: Sequence[str]
    run_id: str
    run_attempt: int


class ApprovalSource(Protocol):
    """GitHub's API, or the laptop's own records."""

    def facts(self, environment: str, *, commit: str, since: str = "") -> ApprovalFacts:
        """What is known now.

        Whoever worked on a commit after `since`, up to `commit`, is a contributor; where `since` is empty, because
        nothing was applied before, whoever worked on `commit`. Raises GitHubError, instead of returning empty facts,
        where the source does not answer.
        """
