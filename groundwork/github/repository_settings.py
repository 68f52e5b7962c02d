"""Settings of the whole repository: rulesets of main and tags, permissions of Actions, subjects of OIDC tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.github.difference import ApiCall, Difference, EmptyRepository, Reader, holds
from groundwork.github.settings import Ruleset, Settings

_VARIABLES = "actions/variables"


def ruleset_differences(settings: Settings, reader: Reader) -> Iterator[Difference]:
    """Rulesets that are missing or weaker than they should be."""
    known = {str(ruleset["name"]): ruleset["id"] for ruleset in reader.pages("rulesets", needs="metadata: read")}
    for wanted in settings.rulesets:
        where = f"ruleset {wanted.name}"
        if wanted.name not in known:
            yield Difference(where, "does not exist", (ApiCall("POST", "rulesets", wanted.body),))
            continue
        path = f"rulesets/{known[wanted.name]}"
        gaps = list(_gaps(wanted, reader.find(path, needs="administration: read") or {}))
        if gaps:
            yield Difference(where, "; ".join(gaps), (ApiCall("PUT", path, wanted.body),))


def _gaps(wanted: Ruleset, live: Mapping[str, Any]) -> Iterator[str]:
    if live.get("enforcement") != "active":
        yield "is not active"
    if not holds(wanted.body["conditions"], live.get("conditions")):
        yield f"does not apply to {wanted.body['conditions']['ref_name']['include'][0]} alone"
    if "bypass_actors" not in live:
        yield "does not show this token who may bypass it"
    elif more := [actor for actor in live["bypass_actors"] if actor not in wanted.body["bypass_actors"]]:
        yield f"{len(more)} may bypass it" if not wanted.body["bypass_actors"] else f"{len(more)} more may bypass it"
    rules = {rule["type"]: rule for rule in live.get("rules") or ()}
    for rule in wanted.body["rules"]:
        kind = str(rule["type"])
        if kind not in rules:
            yield f"lacks the rule {kind}"
            continue
        expected, actual = rule.get("parameters", {}), rules[kind].get("parameters", {})
        weak = sorted(key for key, value in expected.items() if not _as_strict(value, actual.get(key)))
        if weak:
            yield f"{kind} is weaker in {', '.join(weak)}"


def _as_strict(wanted: Any, live: Any) -> bool:
    """Whether a setting is at least as strict: more reviews or checks than required are fine."""
    if isinstance(wanted, bool):
        return live is wanted
    if isinstance(wanted, int):
        return isinstance(live, int) and live >= wanted
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], Mapping):
        return all(any(holds(entry, other) for other in live or ()) for entry in wanted)
    return holds(wanted, live)


def actions_differences(settings: Settings, reader: Reader) -> Iterator[Difference]:
    """What differs in the permissions of Actions."""
    selected = "actions/permissions/selected-actions"
    restricted = False
    for path, wanted in settings.actions.items():
        # GitHub answers 409 for selected actions as long as all actions are allowed.
        live = None if path == selected and not restricted else reader.find(path, needs="administration: read")
        if path == "actions/permissions":
            restricted = (live or {}).get("allowed_actions") == "selected"
        differs = sorted(key for key, value in wanted.items() if not holds(value, (live or {}).get(key)))
        if differs:
            yield Difference(f"Actions ({path})", f"{', '.join(differs)} differ", (ApiCall("PUT", path, wanted),))


def variable_differences(settings: Settings, reader: Reader) -> Iterator[Difference]:
    """Variables of the repository that are missing or differ."""
    live = {item["name"]: item["value"] for item in reader.pages(_VARIABLES, key="variables", needs="variables: read")}
    for name, value in settings.variables.items():
        if live.get(name) != value:
            path = f"{_VARIABLES}/{name}" if name in live else _VARIABLES
            call = ApiCall("PATCH" if name in live else "POST", path, {"name": name, "value": value})
            yield Difference(f"variable {name}", "differs" if name in live else "does not exist", (call,))


def runner_group_differences(settings: Settings, reader: Reader) -> Iterator[Difference]:
    """Runner groups that jobs of other workflows may use: their machines reach the environment's VPC."""
    for number, workflows in settings.runner_groups.items():
        path = f"/orgs/{settings.repository.partition('/')[0]}/actions/runner-groups/{number}"
        live = reader.find(path, needs="organization-self-hosted-runners: read")
        if live is None and not isinstance(reader, EmptyRepository):
            yield Difference(
                f"runner group {number}",
                "does not exist",
                fix="create one in the organisation's settings, and write its number to delivery.runners.group",
            )
        elif not (live and live["restricted_to_workflows"] and set(live["selected_workflows"]) == set(workflows)):
            body = {"restricted_to_workflows": True, "selected_workflows": list(workflows)}
            yield Difference(
                f"runner group {number}", f"is not for {' and '.join(workflows)} alone", (ApiCall("PATCH", path, body),)
            )


def subject_differences(settings: Settings, reader: Reader) -> Iterator[Difference]:
    """Whether OIDC subjects begin as the trust policies expect; no single call can correct both sides."""
    if isinstance(reader, EmptyRepository):
        return
    live = reader.find("actions/oidc/customization/sub", needs="actions: read") or {}
    prefix = live.get("sub_claim_prefix")
    if live.get("use_default") is False:
        yield Difference(
            "OIDC subject",
            "is built from claims that the repository chose, and that the trust policies do not name",
            fix="set `use_default` of actions/oidc/customization/sub to true",
        )
    elif prefix is not None and {prefix} != set(settings.subject_prefixes):
        yield Difference(
            "OIDC subject",
            f"begins with {prefix}, the roles trust {' and '.join(settings.subject_prefixes)}: no job could sign in",
            fix=f"write `github_subject: {str(prefix).removeprefix('repo:')}` below singletons in every "
            "environments/*.yaml, then deploy the delivery stacks",
        )
