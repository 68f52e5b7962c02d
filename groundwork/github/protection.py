"""Whether an environment on GitHub is protected, according to its live settings, which no file contains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from groundwork.github.api import GitHub


def unprotected(api: GitHub, environment: str) -> Iterator[str]:
    """Every gap in the environment's protection.

    A setting that GitHub does not show counts as missing.
    """
    name = quote(environment, safe="")
    live = api.find(f"environments/{name}", needs="actions: read")
    if live is None:
        # GitHub creates the environment that a job names, without any rules.
        yield "it does not exist"
        return
    rules = {rule["type"]: rule for rule in live.get("protection_rules") or ()}
    reviewers = rules.get("required_reviewers", {})
    if not reviewers.get("reviewers"):
        yield "no required reviewers"
    if reviewers.get("prevent_self_review") is not True:
        yield "reviewers may approve their own deployment"
    if live.get("can_admins_bypass") is not False:
        yield "administrators may bypass it"
    yield from _branches(api, name, live.get("deployment_branch_policy"))


def not_main_alone(api: GitHub, environment: str) -> Iterator[str]:
    """Why others than jobs of main could use an environment without reviewers.

    GitHub docs, "Managing environments for deployment": without selected branches and tags every one may deploy.
    """
    name = quote(environment, safe="")
    live = api.find(f"environments/{name}", needs="actions: read")
    if live is None:
        yield f"GitHub's environment {environment} does not exist"
    elif not (live.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
        yield f"every branch, or every protected one, may use GitHub's environment {environment}"
    elif others := _allowed_refs(api, name) - {("branch", "main")}:
        named = ", ".join(f"{kind} {pattern}" for kind, pattern in sorted(others))
        yield f"not only main may use GitHub's environment {environment}: {named}"


def _branches(api: GitHub, name: str, policy: Mapping[str, Any] | None) -> Iterator[str]:
    if not policy:
        yield "every branch may deploy"
    elif policy.get("custom_branch_policies"):
        patterns = _allowed_refs(api, name)
        for kind, pattern in sorted(patterns):
            if kind == "branch" and ("*" in pattern or pattern.startswith("refs/pull/")):
                yield f"branches {pattern} may deploy"
            elif kind == "tag" and pattern.strip("*/") == "":
                yield "every tag may deploy"


def _allowed_refs(api: GitHub, quoted_name: str) -> set[tuple[str, str]]:
    """(`branch` or `tag`, pattern) of every ref that may deploy to an environment."""
    policies = api.pages(
        f"environments/{quoted_name}/deployment-branch-policies", key="branch_policies", needs="actions: read"
    )
    return {(str(policy.get("type", "branch")), str(policy["name"])) for policy in policies}
