"""Environments, rulesets, variables and Actions settings, without what the owner's GitHub plan lacks."""

from __future__ import annotations

import copy
from typing import Any

from tests.support.fake_github.oidc import subject_prefix
from tests.support.fake_github.routing import Call, Created, Paged, route
from tests.support.fake_github.state import Environment, Refusal, user

_UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
_REVIEWERS = (
    "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers "
    "protection rule."
)


@route("GET", "environments/<environment>", "actions: read")
def environment(call: Call, environment: str) -> Any:
    return _environment(call, environment).json()


@route("PUT", "environments/<environment>", "administration: write")
def put_environment(call: Call, environment: str) -> Any:
    if call.state.private and call.state.plan == "free":
        raise Refusal(403, _UPGRADE)
    wanted, known = call.body or {}, call.state.environment(environment)
    # A PUT replaces everything: what it does not name is reset.
    known.reviewers, known.prevent_self_review, known.wait_timer = [], False, 0
    known.policy = wanted.get("deployment_branch_policy")
    known.refs = known.refs if known.policy and known.policy["custom_branch_policies"] else []
    if "can_admins_bypass" in wanted:
        known.can_admins_bypass = wanted["can_admins_bypass"]
    reviewers = wanted.get("reviewers") or []
    if reviewers and call.state.private and call.state.plan != "enterprise":
        raise Refusal(422, _REVIEWERS)  # the environment exists all the same, without the rule
    known.reviewers = [_reviewer(call, reviewer) for reviewer in reviewers]
    known.prevent_self_review = bool(wanted.get("prevent_self_review"))
    return known.json()


def _reviewer(call: Call, wanted: dict[str, Any]) -> dict[str, Any]:
    for team, members in call.state.teams.items():
        if wanted["type"] == "Team" and wanted["id"] == user(team)["id"]:
            return {"type": "Team", "reviewer": {"id": wanted["id"], "slug": team, "name": team}}
        for login in members:
            if wanted["type"] == "User" and wanted["id"] == user(login)["id"]:
                return {"type": "User", "reviewer": user(login)}
    raise Refusal(422, "Failed to create the environment protection rule. Please ensure that it's a valid reviewer.")


# GitHub docs, "REST API endpoints for deployment environments", "Delete an environment".
@route("DELETE", "environments/<environment>", "administration: write")
def delete_environment(call: Call, environment: str) -> Any:
    _environment(call, environment)
    del call.state.environments[environment]


@route("GET", "environments/<environment>/deployment-branch-policies", "actions: read")
def refs(call: Call, environment: str) -> Any:
    return Paged(_environment(call, environment).refs, "branch_policies")


@route("POST", "environments/<environment>/deployment-branch-policies", "administration: write")
def add_ref(call: Call, environment: str) -> Any:
    known = _environment(call, environment)
    if not (known.policy and known.policy["custom_branch_policies"]):
        raise Refusal(404, "Not Found")
    made = {"id": next(call.state.ids), "name": call.body["name"], "type": call.body.get("type", "branch")}
    known.refs.append(made)
    return made


@route("DELETE", "environments/<environment>/deployment-branch-policies/<number>", "administration: write")
def remove_ref(call: Call, environment: str, number: str) -> Any:
    known = _environment(call, environment)
    known.refs = [ref for ref in known.refs if ref["id"] != int(number)]


@route("GET", "environments/<environment>/variables", "environments: read")
def environment_variables(call: Call, environment: str) -> Any:
    return Paged(_shown(_environment(call, environment).variables), "variables")


@route("POST", "environments/<environment>/variables", "environments: write")
def add_environment_variable(call: Call, environment: str) -> Any:
    return _add(_environment(call, environment).variables, call.body)


@route("PATCH", "environments/<environment>/variables/<variable>", "environments: write")
def change_environment_variable(call: Call, environment: str, variable: str) -> Any:
    return _change(_environment(call, environment).variables, variable, call.body)


@route("GET", "actions/variables", "variables: read")
def variables(call: Call) -> Any:
    return Paged(_shown(call.state.variables), "variables")


@route("POST", "actions/variables", "variables: write")
def add_variable(call: Call) -> Any:
    return _add(call.state.variables, call.body)


@route("PATCH", "actions/variables/<variable>", "variables: write")
def change_variable(call: Call, variable: str) -> Any:
    return _change(call.state.variables, variable, call.body)


# ── rulesets ────────────────────────────────────────────────────────────────────────────────────────
@route("GET", "rulesets", "metadata: read")
def rulesets(call: Call) -> Any:
    _rulesets_exist(call)
    brief = ("id", "name", "target", "enforcement", "source_type")
    return Paged([{key: known[key] for key in brief} for known in call.state.rulesets.values()])


@route("GET", "rulesets/<number>", "metadata: read")
def ruleset(call: Call, number: str) -> Any:
    known = copy.deepcopy(call.state.rulesets.get(int(number)))
    if known is None:
        raise Refusal(404, "Not Found")
    if not call.caller.may("administration", "read"):
        del known["bypass_actors"]  # shown only to administrators
    return known


@route("POST", "rulesets", "administration: write")
def add_ruleset(call: Call) -> Any:
    _rulesets_exist(call)
    number = next(call.state.ids)
    call.state.rulesets[number] = {"id": number, "source_type": "Repository", "bypass_actors": [], **call.body}
    return Created(call.state.rulesets[number])


@route("PUT", "rulesets/<number>", "administration: write")
def put_ruleset(call: Call, number: str) -> Any:
    call.state.rulesets[int(number)] |= call.body
    return call.state.rulesets[int(number)]


def _rulesets_exist(call: Call) -> None:
    if call.state.private and call.state.plan == "free":
        raise Refusal(403, _UPGRADE)


# ── settings of Actions ─────────────────────────────────────────────────────────────────────────────
def _settings(path: str) -> None:
    @route("GET", path, "administration: read")
    def show(call: Call) -> Any:
        if (
            path.endswith("selected-actions")
            and call.state.settings["actions/permissions"]["allowed_actions"] != "selected"
        ):
            raise Refusal(409, "Conflict: actions are not restricted to selected ones")
        return call.state.settings[path]

    @route("PUT", path, "administration: write")
    def put(call: Call) -> Any:
        call.state.settings[path] |= call.body


for _path in ("actions/permissions", "actions/permissions/workflow", "actions/permissions/selected-actions"):
    _settings(_path)


@route("GET", "actions/oidc/customization/sub", "actions: read")
def subject(call: Call) -> Any:
    return {
        "use_default": True,
        "use_immutable_subject": call.state.immutable_subject,
        "sub_claim_prefix": subject_prefix(call.state),
    }


# ── who owns the repository ─────────────────────────────────────────────────────────────────────────
@route("GET", "/orgs/<organisation>", "metadata: read")
def organisation(call: Call, organisation: str) -> Any:
    if not call.state.organisation or organisation != call.state.owner:
        raise Refusal(404, "Not Found")
    # Only its owners see its plan.
    return {"login": organisation} | ({"plan": {"name": call.state.plan}} if call.caller.admin else {})


@route("GET", "/orgs/<organisation>/actions/runner-groups/<number>", "organization-self-hosted-runners: read")
def runner_group(call: Call, organisation: str, number: str) -> Any:
    if int(number) not in call.state.runner_groups:
        raise Refusal(404, "Not Found")
    return call.state.runner_groups[int(number)]


@route("PATCH", "/orgs/<organisation>/actions/runner-groups/<number>", "organization-self-hosted-runners: write")
def change_runner_group(call: Call, organisation: str, number: str) -> Any:
    call.state.runner_groups[int(number)] |= call.body
    return call.state.runner_groups[int(number)]


@route("GET", "/orgs/<organisation>/teams/<team>", "members: read")
def team(call: Call, organisation: str, team: str) -> Any:
    if team not in call.state.teams:
        raise Refusal(404, "Not Found")
    return {"id": user(team)["id"], "slug": team, "name": team}


@route("GET", "/users/<login>", "metadata: read")
def account(call: Call, login: str) -> Any:
    if not any(login in members for members in call.state.teams.values()):
        raise Refusal(404, "Not Found")
    return user(login)


def _environment(call: Call, name: str) -> Environment:
    known = call.state.environments.get(name.lower())
    if known is None:
        raise Refusal(404, "Not Found")
    return known


def _shown(known: dict[str, str]) -> list[Any]:
    return [{"name": name, "value": value} for name, value in known.items()]


def _add(known: dict[str, str], body: Any) -> Created:
    if body["name"] in known:
        raise Refusal(409, "Already exists")
    known[body["name"]] = body["value"]
    return Created(None)


def _change(known: dict[str, str], name: str, body: Any) -> None:
    if name not in known:
        raise Refusal(404, "Not Found")
    known[name] = body["value"]
