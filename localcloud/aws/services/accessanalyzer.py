"""IAM Access Analyzer: moto has no model of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from localcloud.aws import tagging
from localcloud.aws.routing import Request, Response, Route, json_error, json_response

SERVICE = "access-analyzer"
ANALYZER = "/analyzer/(?P<name>[^/]+)"
RULES = f"{ANALYZER}/archive-rule"
RULE = f"{RULES}/(?P<rule>[^/]+)"


def install() -> None:
    """Routes only."""


def create(request: Request) -> Response:
    """CreateAnalyzer."""
    body = request.json()
    name = body["analyzerName"]
    if _key(name) in request.store:
        return json_error("ConflictException", f"Analyzer {name} already exists", 409)
    arn = f"arn:aws:access-analyzer:{request.region}:{request.account}:analyzer/{name}"
    analyzer = {
        "arn": arn,
        "name": name,
        "type": body["type"],
        "createdAt": datetime.now(UTC).isoformat(),
        "status": "ACTIVE",
        "tags": body.get("tags") or {},
        "rules": {},
    }
    if body.get("configuration"):
        analyzer["configuration"] = body["configuration"]
    request.store[_key(name)] = analyzer
    for rule in body.get("archiveRules") or []:
        _put_rule(analyzer, rule["ruleName"], rule["filter"])
    return json_response({"arn": arn})


def list_all(request: Request) -> Response:
    """ListAnalyzers."""
    return json_response({"analyzers": [_public(each) for each in request.store.values()]})


def one(request: Request) -> Response:
    """GetAnalyzer, UpdateAnalyzer and DeleteAnalyzer."""
    analyzer = request.store.get(_key(request.group("name")))
    if analyzer is None:
        return _missing("Analyzer", request.group("name"))
    if request.method == "DELETE":
        del request.store[_key(analyzer["name"])]
        return json_response({})
    if request.method == "PUT":
        analyzer["configuration"] = request.json()["configuration"]
        return json_response({"configuration": analyzer["configuration"]})
    return json_response({"analyzer": _public(analyzer)})


def rules(request: Request) -> Response:
    """CreateArchiveRule and ListArchiveRules."""
    analyzer = request.store.get(_key(request.group("name")))
    if analyzer is None:
        return _missing("Analyzer", request.group("name"))
    if request.method == "PUT":
        body = request.json()
        _put_rule(analyzer, body["ruleName"], body["filter"])
        return json_response({})
    return json_response({"archiveRules": list(analyzer["rules"].values())})


def rule(request: Request) -> Response:
    """GetArchiveRule, UpdateArchiveRule and DeleteArchiveRule."""
    analyzer = request.store.get(_key(request.group("name")))
    name = request.group("rule")
    if analyzer is None or name not in analyzer["rules"]:
        return _missing("Archive rule", name)
    if request.method == "DELETE":
        del analyzer["rules"][name]
        return json_response({})
    if request.method == "PUT":
        _put_rule(analyzer, name, request.json()["filter"])
        return json_response({})
    return json_response({"archiveRule": analyzer["rules"][name]})


def _put_rule(analyzer: dict[str, Any], name: str, criteria: dict[str, Any]) -> None:
    now = datetime.now(UTC).isoformat()
    created = analyzer["rules"].get(name, {}).get("createdAt", now)
    analyzer["rules"][name] = {"ruleName": name, "filter": criteria, "createdAt": created, "updatedAt": now}


def _public(analyzer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in analyzer.items() if key != "rules"}


def _key(name: str) -> str:
    return f"analyzer/{name}"


def _missing(what: str, name: str) -> Response:
    return json_error("ResourceNotFoundException", f"{what} {name} does not exist", 404)


ROUTES = (
    Route(SERVICE, "PUT", "/analyzer", create),
    Route(SERVICE, "GET", "/analyzer", list_all),
    Route(SERVICE, "*", ANALYZER, one),
    Route(SERVICE, "*", RULES, rules),
    Route(SERVICE, "*", RULE, rule),
    *tagging.routes(SERVICE),
)
