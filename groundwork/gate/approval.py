"""Who said yes to what, and who may not have: facts, wherever they come from (GitHub's API, or the laptop)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Approval:
    """A yes of one person to one environment; `at` is in UTC and comes from the deployment's status, not the clock.

    `or_by` are others of whom one may have said this yes instead: GitHub does not say which yes let which job through.
    """

    by: str
    at: datetime
    or_by: Sequence[str] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who may have said it; one of them did."""
        return (self.by, *self.or_by)


@dataclass(frozen=True)
class ApprovalFacts:
    """Everything the gate asks about an approval.

    `involved` is login → why that person's yes does not count ("author of pull request #7", "author of commit 1a2b3c4",
    "merged pull request #7", "started run 12"). `unprotected` are the reasons for which the environment's protection
    does not hold ("no required reviewers", "reviewers may approve their own deployment", "administrators may bypass it"
    …); empty where it holds. `run_id` and `run_attempt` are those of the run that wants to apply.
    """

    environment: str
    approvals: Sequence[Approval]
    involved: Mapping[str, str]
    unprotected: Sequence[str]
    run_id: str
    run_attempt: int


class ApprovalSource(Protocol):
    """GitHub's API, or the laptop's own record."""

    def facts(self, environment: str, *, commit: str) -> ApprovalFacts:
        """What is known now; raises GitHubError where the source does not answer (never an empty fact instead)."""
