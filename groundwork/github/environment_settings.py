"""Environments on GitHub: reviewers, refs that may deploy, and the variables of their jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from groundwork.errors import GitHubError
from groundwork.github.difference import ApiCall, Difference, EmptyRepository, Reader
from groundwork.github.people import login_of
from groundwork.github.settings import EnvironmentSettings, Ref
from groundwork.platform import Reviewers


def differences(wanted: EnvironmentSettings, owner: str, reader: Reader) -> Iterator[Difference]:
    """What differs between one environment and its live settings: at most one difference for its protection, one for
    its refs and one for its variables.
    """
    path = f"environments/{quote(wanted.name, safe='')}"
    live = reader.find(path, needs="actions: read")
    yield from _protection(wanted, path, live, owner, reader)
    yield from _refs(wanted, path, live, reader)
    yield from _variables(wanted, path, live, reader)


def unused(name: str, reader: Reader) -> Iterator[Difference]:
    """An environment that exists although no value names it any more. Whoever runs it is trusted by no role."""
    path = f"environments/{quote(name, safe='')}"
    if reader.find(path, needs="actions: read") is not None:
        yield Difference(f"environment {name}", "exists, and delivery.auto_apply is off", (ApiCall("DELETE", path),))


def _protection(
    wanted: EnvironmentSettings, path: str, live: Mapping[str, Any] | None, owner: str, reader: Reader
) -> Iterator[Difference]:
    reasons = list(_gaps(wanted, live))
    if not reasons:
        return
    rules = _rules(live)
    body: dict[str, Any] = {
        "wait_timer": rules.get("wait_timer", {}).get("wait_timer", 0),
        "reviewers": list(_ids(wanted.reviewers, owner, reader)) if wanted.reviewers else None,
        "can_admins_bypass": False,
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
    }
    if wanted.reviewers:
        body["prevent_self_review"] = True
    yield Difference(_where(wanted), "; ".join(reasons), (ApiCall("PUT", path, body),))


def _gaps(wanted: EnvironmentSettings, live: Mapping[str, Any] | None) -> Iterator[str]:
    if live is None:
        yield "does not exist"
        return
    rule = _rules(live).get("required_reviewers", {})
    actual = {_named(reviewer) for reviewer in rule.get("reviewers") or ()}
    expected = _names(wanted.reviewers)
    if expected - actual:
        yield f"is not reviewed by {', '.join(sorted(expected - actual))}"
    if actual - expected:
        yield f"is reviewed by {', '.join(sorted(actual - expected))}, whom the values do not name"
    if expected and rule.get("prevent_self_review") is not True:
        yield "reviewers may approve their own deployment"
    if live.get("can_admins_bypass") is not False:
        yield "administrators may bypass it"
    if not (live.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
        yield "does not say by name which branches and tags may deploy"


def _refs(
    wanted: EnvironmentSettings, path: str, live: Mapping[str, Any] | None, reader: Reader
) -> Iterator[Difference]:
    policies = f"{path}/deployment-branch-policies"
    named = live is not None and (live.get("deployment_branch_policy") or {}).get("custom_branch_policies")
    items = list(reader.pages(policies, key="branch_policies", needs="actions: read")) if named else []
    actual: dict[Ref, Any] = {(str(item.get("type", "branch")), str(item["name"])): item["id"] for item in items}
    missing, extra = sorted(wanted.refs - actual.keys()), sorted(actual.keys() - wanted.refs)
    if missing:
        yield Difference(
            _where(wanted),
            f"does not let {_sentence(missing)} deploy",
            tuple(ApiCall("POST", policies, {"name": pattern, "type": kind}) for kind, pattern in missing),
        )
    if extra:
        yield Difference(
            _where(wanted),
            f"lets {_sentence(extra)} deploy",
            tuple(ApiCall("DELETE", f"{policies}/{actual[ref]}") for ref in extra),
        )


def _variables(
    wanted: EnvironmentSettings, path: str, live: Mapping[str, Any] | None, reader: Reader
) -> Iterator[Difference]:
    where = f"{path}/variables"
    items = reader.pages(where, key="variables", needs="environments: read") if live is not None else ()
    actual = {str(item["name"]): str(item["value"]) for item in items}
    calls = []
    for name, value in sorted(wanted.variables.items()):
        if name not in actual:
            calls.append(ApiCall("POST", where, {"name": name, "value": value}))
        elif actual[name] != value:
            calls.append(ApiCall("PATCH", f"{where}/{name}", {"name": name, "value": value}))
    if calls:
        names = ", ".join(str((call.body or {})["name"]) for call in calls)
        yield Difference(_where(wanted), f"variables differ: {names}", tuple(calls))


def _rules(live: Mapping[str, Any] | None) -> dict[str, Any]:
    return {rule["type"]: rule for rule in (live or {}).get("protection_rules") or ()}


def _names(reviewers: Reviewers | None) -> set[str]:
    if reviewers is None:
        return set()
    return {*(f"team {team}" for team in reviewers.teams), *(f"user {user.lower()}" for user in reviewers.users)}


def _named(entry: Mapping[str, Any]) -> str:
    reviewer = entry["reviewer"] or {}
    return f"team {reviewer.get('slug')}" if entry["type"] == "Team" else f"user {login_of(reviewer).lower()}"


def _ids(reviewers: Reviewers, owner: str, reader: Reader) -> Iterator[dict[str, Any]]:
    for kind, names, path in (
        ("Team", reviewers.teams, f"/orgs/{owner}/teams/{{}}"),
        ("User", reviewers.users, "/users/{}"),
    ):
        for name in names:
            known = reader.find(path.format(name), needs="members: read")
            if known is None and not isinstance(reader, EmptyRepository):
                raise GitHubError(
                    f"reviewer {kind.lower()} {name} of {owner} does not exist",
                    fix="correct `reviewers` in environments/*.yaml, or create it; teams need an organisation",
                )
            yield {"type": kind, "id": known["id"] if known else f"(id of {kind.lower()} {name})"}


def _where(wanted: EnvironmentSettings) -> str:
    return f"environment {wanted.name}"


def _sentence(refs: list[Ref]) -> str:
    return ", ".join(f"{kind} {pattern}" for kind, pattern in refs)
