"""What the owner's GitHub plan lacks: reported before GitHub refuses, and explained where GitHub does.

Source: GitHub docs, "Managing environments for deployment" and "About rulesets", notes on availability.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from groundwork.errors import GitHubError
from groundwork.github.api import GitHub

_WAY_OUT = "make the repository public, or move it to GitHub Enterprise; until then `gw deploy` refuses to apply"


@dataclass(frozen=True)
class Limits:
    """`plan` is free, pro, team or enterprise; empty where the token may not see it."""

    private: bool
    plan: str
    organisation: bool

    @classmethod
    def of(cls, api: GitHub) -> Limits:
        """The limits according to GitHub; a plan that it does not show stays unknown."""
        repository = api.get("", needs="metadata: read")
        owner = repository["owner"]
        organisation = owner["type"] == "Organization"
        known = api.find(f"/orgs/{owner['login']}") if organisation else _me(api, str(owner["login"]))
        return cls(bool(repository["private"]), str(((known or {}).get("plan") or {}).get("name", "")), organisation)

    @property
    def reviewers(self) -> bool | None:
        """Whether environments can have required reviewers; None where that is unknown."""
        return True if not self.private else None if not self.plan else self.plan.startswith("enterprise")

    @property
    def rules(self) -> bool | None:
        """Whether environments, branch policies and rulesets can be used at all; None where that is unknown."""
        return True if not self.private else None if not self.plan else self.plan != "free"

    def sentences(self) -> Iterator[str]:
        """A sentence for each thing that is not available."""
        if self.rules is False:
            yield f"private repositories on GitHub's plan {self.plan} have no environments and no rulesets: {_WAY_OUT}"
        elif self.reviewers is False:
            yield (
                f"private repositories on GitHub's plan {self.plan} have no required reviewers, cannot prevent "
                f"self-review, and let administrators bypass protection: {_WAY_OUT}"
            )


def _me(api: GitHub, owner: str) -> dict[str, Any] | None:
    """The token's own account, where it is the owner: GitHub shows a person's plan only to that person."""
    try:
        account = api.get("/user")
    except GitHubError:
        return None
    return dict(account) if account["login"] == owner else None


def explained(error: GitHubError) -> GitHubError:
    """The same error, with an explanation where the owner's plan is the cause."""
    message = error.message.lower()
    if "billing plan" in message:
        why = "the owner's GitHub plan has no required reviewers for private repositories; the environment exists now "
        return GitHubError(error.message, fix=f"{why}WITHOUT protection. {_WAY_OUT[0].upper()}{_WAY_OUT[1:]}")
    if "upgrade to github" in message:
        return GitHubError(error.message, fix=f"the owner's GitHub plan does not include this. {_WAY_OUT}")
    return error
