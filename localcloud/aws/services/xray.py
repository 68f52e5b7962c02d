"""X-Ray: sampling rules and groups, which moto lacks."""

from __future__ import annotations

import secrets
import time
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response, not_found

SERVICE = "xray"


def create_rule(request: Request) -> Response:
    """CreateSamplingRule."""
    body = request.json()
    rule = body["SamplingRule"]
    name = rule["RuleName"]
    if f"rule/{name}" in request.store:
        return _invalid(f"The specified rule {name} already exists")
    rule["RuleARN"] = request.arn(f"sampling-rule/{name}")
    now = time.time()
    record = {"SamplingRule": {"Attributes": {}, **rule}, "CreatedAt": now, "ModifiedAt": now}
    request.store[f"rule/{name}"] = {"arn": rule["RuleARN"], "answer": record, "tags": body.get("Tags") or []}
    return json_response({"SamplingRuleRecord": record})


def list_rules(request: Request) -> Response:
    """GetSamplingRules."""
    return json_response({"SamplingRuleRecords": [item["answer"] for item in request.items("rule")]})


def handle_rule(request: Request) -> Response:
    """UpdateSamplingRule and DeleteSamplingRule, by name or ARN."""
    body = request.json()
    change = body.get("SamplingRuleUpdate", body)
    key = _find(request, "rule", change.get("RuleName"), change.get("RuleARN"))
    if key is None:
        return _invalid("The specified sampling rule does not exist")
    record: dict[str, Any] = request.store[key]["answer"]
    if "SamplingRuleUpdate" in body:
        record["SamplingRule"].update(change)
        record["ModifiedAt"] = time.time()
    else:
        del request.store[key]
    return json_response({"SamplingRuleRecord": record})


def create_group(request: Request) -> Response:
    """CreateGroup."""
    body = request.json()
    name = body["GroupName"]
    if f"group/{name}" in request.store:
        return _invalid(f"The specified group {name} already exists")
    identifier = secrets.token_hex(16).upper()
    group = {
        "GroupName": name,
        "GroupARN": request.arn(f"group/{name}/{identifier}"),
        "FilterExpression": body.get("FilterExpression", ""),
        "InsightsConfiguration": _insights(body),
    }
    request.store[f"group/{name}"] = {"arn": group["GroupARN"], "answer": group, "tags": body.get("Tags") or []}
    return json_response({"Group": group})


def list_groups(request: Request) -> Response:
    """GetGroups."""
    return json_response({"Groups": [item["answer"] for item in request.items("group")]})


def handle_group(request: Request) -> Response:
    """GetGroup, UpdateGroup and DeleteGroup, by name or ARN."""
    body = request.json()
    key = _find(request, "group", body.get("GroupName"), body.get("GroupARN"))
    if key is None:
        return _invalid("The specified group does not exist")
    group: dict[str, Any] = request.store[key]["answer"]
    if request.path == "/DeleteGroup":
        del request.store[key]
        return json_response({})
    if request.path == "/UpdateGroup":
        group["FilterExpression"] = body.get("FilterExpression", group["FilterExpression"])
        if "InsightsConfiguration" in body:
            group["InsightsConfiguration"] = _insights(body)
    return json_response({"Group": group})


def handle_tags(request: Request) -> Response:
    """ListTagsForResource, TagResource and UntagResource; X-Ray's tags are a list."""
    body = request.json()
    item = next((each for each in request.store.values() if each["arn"] == body["ResourceARN"]), None)
    if item is None:
        return not_found(f"{body['ResourceARN']} does not exist")
    tags = {tag["Key"]: tag["Value"] for tag in [*item["tags"], *(body.get("Tags") or [])]}
    removed = body.get("TagKeys") or []
    item["tags"] = [{"Key": key, "Value": value} for key, value in tags.items() if key not in removed]
    return json_response({"Tags": item["tags"]} if request.path == "/ListTagsForResource" else {})


def _insights(body: dict[str, Any]) -> dict[str, bool]:
    return {"InsightsEnabled": False, "NotificationsEnabled": False, **(body.get("InsightsConfiguration") or {})}


def _find(request: Request, kind: str, name: str | None, arn: str | None) -> str | None:
    for key, item in request.store.items():
        if key.startswith(f"{kind}/") and (key == f"{kind}/{name}" or item["arn"] == arn):
            return key
    return None


def _invalid(message: str) -> Response:
    return json_error("InvalidRequestException", message)


ROUTES = (
    Route(SERVICE, "POST", "/CreateSamplingRule", create_rule),
    Route(SERVICE, "POST", "/GetSamplingRules", list_rules),
    Route(SERVICE, "POST", "/(?:Update|Delete)SamplingRule", handle_rule),
    Route(SERVICE, "POST", "/CreateGroup", create_group),
    Route(SERVICE, "POST", "/Groups", list_groups),
    Route(SERVICE, "POST", "/(?:Get|Update|Delete)Group", handle_group),
    Route(SERVICE, "POST", "/(?:ListTagsFor|Tag|Untag)Resource", handle_tags),
)
