"""The settings that a repository should have, derived from the environments' values and the workflow files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from groundwork.errors import EnvironmentFileError
from groundwork.platform import Environment, GitHubSettings, PipelineRole, Reviewers

ROLES: tuple[PipelineRole, ...] = ("apply", "plan", "plan-pull-request", "release-images", "release-charts")
REQUIRED_CHECK = "ready"
"""The pull-request workflow's job that waits for all others; the only check that main requires."""
RELEASE_TAGS = "v*"
# Id of GitHub Actions' app: a check of the same name from another app does not count.
_ACTIONS_APP = 15368
# Ids of the repository roles Maintain and Admin in GitHub's REST API for rulesets.
_TAG_CREATORS = (2, 5)
_OF_GITHUB = ("actions/", "github/")

Ref = tuple[str, str]
"""(`branch` or `tag`, pattern)."""


@dataclass(frozen=True)
class EnvironmentSettings:
    """One environment on GitHub. `reviewers` is None where nobody has to approve."""

    name: str
    reviewers: Reviewers | None
    refs: frozenset[Ref]
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Ruleset:
    """Rules of branches or tags; `body` is the body of the API call."""

    name: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """All settings. `actions` is path, relative to the repository → body."""

    repository: str
    environments: tuple[EnvironmentSettings, ...]
    rulesets: tuple[Ruleset, ...]
    runner_groups: Mapping[int, tuple[str, ...]]
    """Number of a runner group → the only workflows whose jobs may use it."""
    variables: Mapping[str, str]
    """The repository's: an environment's are known only when a job has a machine already."""
    actions: Mapping[str, Mapping[str, Any]]
    subject_prefixes: tuple[str, ...]
    """Beginnings of the OIDC subjects that the roles' trust policies accept: one, where all roles agree."""
    unused_environments: tuple[str, ...] = ()
    """Environments that values made earlier: without reviewers, for a delivery.auto_apply that is off now."""


def desired(repository: str, environments: Sequence[Environment], workflows: Path) -> Settings:
    """The settings of `repository` for environments on AWS. `workflows` is the workflows' folder; it need not exist.

    Raises EnvironmentFileError where an environment names no reviewers, because then nobody could approve.
    """
    patterns = tuple(sorted({f"{name}@*" for name in _used(workflows, repository.partition("/")[0])}))
    return Settings(
        repository=repository,
        environments=tuple(settings for each in environments for settings in _environments(each)),
        rulesets=(_main(), _tags(), _tag_creation()),
        runner_groups={
            each.github.runner_group.number: tuple(
                f"{repository}/.github/workflows/{file}@refs/heads/main" for file in each.github.runner_group.workflows
            )
            for each in environments
            if each.github and each.github.runner_group
        },
        variables={"RUNNERS": json.dumps(_runners(environments))},
        actions={
            "actions/permissions": {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True},
            "actions/permissions/selected-actions": {
                "github_owned_allowed": True,
                "verified_allowed": False,
                "patterns_allowed": list(patterns),
            },
            "actions/permissions/workflow": {
                "default_workflow_permissions": "read",
                "can_approve_pull_request_reviews": False,
            },
        },
        subject_prefixes=tuple(sorted({f"repo:{each.github.subject}" for each in environments if each.github})),
        unused_environments=tuple(
            each.github.auto_environment for each in environments if each.github and not each.github.auto_apply
        ),
    )


def _runners(environments: Sequence[Environment]) -> dict[str, str]:
    """Environment → label of its runners, for `runs-on:` of plan.yml and apply.yml."""
    return {each.name: each.github.runner for each in environments if each.github and each.github.runner}


def _environments(environment: Environment) -> Iterator[EnvironmentSettings]:
    github, plans = environment.github, environment.plan_store
    if github is None or plans is None:
        return
    if not (github.reviewers.teams or github.reviewers.users):
        raise EnvironmentFileError(
            f"{environment.name}.yaml: reviewers is empty, so nobody could approve an apply",
            fix="write `reviewers: {teams: [platform]}`",
        )

    def variables(role: PipelineRole) -> dict[str, str]:
        registry = {"REGISTRY": github.registries} if role == "release-images" else {}
        return {
            "AWS_ROLE_ARN": plans.roles[role],
            "AWS_REGION": environment.region,
            "PLAN_BUCKET": plans.bucket,
        } | registry

    for role in ROLES:
        yield EnvironmentSettings(
            name=github.environments[role],
            # The plan jobs need no approval: approvers have to see the plan first.
            reviewers=github.reviewers if role == "apply" else None,
            refs=_refs(github, role),
            variables=variables(role),
        )
    if github.auto_apply:
        # Without reviewers, so nothing but main may use it.
        yield EnvironmentSettings(
            github.auto_environment, None, refs=frozenset({("branch", "main")}), variables=variables("apply")
        )


def _refs(github: GitHubSettings, role: PipelineRole) -> frozenset[Ref]:
    if role == "plan-pull-request":
        # A pull request's job runs on its merge commit's ref.
        return frozenset({("branch", "refs/pull/*/merge")})
    tags = RELEASE_TAGS if role.startswith("release-") else github.apply_from_tags
    return frozenset({("branch", "main"), *([("tag", tags)] if tags else [])})


def _main() -> Ruleset:
    rules: list[dict[str, Any]] = [
        {"type": "deletion"},
        {"type": "non_fast_forward"},
        {"type": "required_linear_history"},
        {"type": "required_signatures"},
        {
            "type": "pull_request",
            "parameters": {
                "required_approving_review_count": 1,
                "dismiss_stale_reviews_on_push": True,
                "require_code_owner_review": True,
                "require_last_push_approval": True,
                "required_review_thread_resolution": True,
                # One commit per pull request, signed by GitHub, from which all contributors can be looked up.
                "allowed_merge_methods": ["squash"],
            },
        },
        {
            "type": "required_status_checks",
            "parameters": {
                "strict_required_status_checks_policy": True,
                "required_status_checks": [{"context": REQUIRED_CHECK, "integration_id": _ACTIONS_APP}],
            },
        },
    ]
    return _ruleset("main", "branch", "~DEFAULT_BRANCH", rules)


def _tags() -> Ruleset:
    fixed = [{"type": "deletion"}, {"type": "non_fast_forward"}, {"type": "update"}]
    return _ruleset("release tags", "tag", f"refs/tags/{RELEASE_TAGS}", fixed)


def _tag_creation() -> Ruleset:
    """A tag on main is deployed to prod. Whoever may bypass this ruleset cannot bypass the one for existing tags."""
    creators = [{"actor_type": "RepositoryRole", "actor_id": role, "bypass_mode": "always"} for role in _TAG_CREATORS]
    rules = [{"type": "creation"}]
    return _ruleset("creation of release tags", "tag", f"refs/tags/{RELEASE_TAGS}", rules, bypass=creators)


def _ruleset(
    name: str,
    target: str,
    ref: str,
    rules: Sequence[Mapping[str, Any]],
    *,
    bypass: Sequence[Mapping[str, Any]] = (),
) -> Ruleset:
    return Ruleset(
        name,
        {
            "name": name,
            "target": target,
            "enforcement": "active",
            "bypass_actors": list(bypass),
            "conditions": {"ref_name": {"include": [ref], "exclude": []}},
            "rules": list(rules),
        },
    )


def _used(workflows: Path, owner: str) -> Iterator[str]:
    """Third-party actions that the workflow files use; GitHub's, the owner's and local actions need no entry."""
    for path in sorted((*workflows.glob("*.yml"), *workflows.glob("*.yaml"))):
        for uses in _uses(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))):
            name = "/".join(uses.partition("@")[0].split("/")[:2])
            if not name.startswith((*_OF_GITHUB, f"{owner}/", ".", "docker:")):
                yield name


def _uses(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "uses" and isinstance(inner, str):
                yield inner
            else:
                yield from _uses(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _uses(inner)
