"""IAM Access Analyzer, which moto lacks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from localcloud.aws import tagging
from localcloud.aws.routing import Request, Response, Route, json_error, json_response, requires

SERVICE = "access-analyzer"
ANALYZER = "/analyzer/(?P<name>[^/]+)"
RULES = f"{ANALYZER}/archive-rule"
RULE = f"{RULES}/(?P<rule>[^/]+)"


def create(request: Request) -> Response:
    """CreateAnalyzer."""
    body = request.json()
    name = body["analyzerName"]
    if _key(name) in request.store:
        return json_error("ConflictException", f"Analyzer {name} already exists", 409)
    analyzer = {
        "arn": request.arn(f"analyzer/{name}"),
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
    return json_response({"arn": analyzer["arn"]})


def list_analyzers(request: Request) -> Response:
    """ListAnalyzers."""
    return json_response({"analyzers": [_public(analyzer) for analyzer in request.store.values()]})


def _analyzer(request: Request) -> dict[str, Any] | None:
    return request.store.get(_key(request.group("name")))


def _analyzer_with_rule(request: Request) -> dict[str, Any] | None:
    analyzer = _analyzer(request)
    return analyzer if analyzer and request.group("rule") in analyzer["rules"] else None


@requires(_analyzer, "Analyzer {name} does not exist")
def handle_analyzer(request: Request, analyzer: dict[str, Any]) -> Response:
    """GetAnalyzer, UpdateAnalyzer and DeleteAnalyzer."""
    if request.method == "DELETE":
        del request.store[_key(analyzer["name"])]
        return json_response({})
    if request.method == "PUT":
        analyzer["configuration"] = request.json()["configuration"]
        return json_response({"configuration": analyzer["configuration"]})
    return json_response({"analyzer": _public(analyzer)})


@requires(_analyzer, "Analyzer {name} does not exist")
def handle_rules(request: Request, analyzer: dict[str, Any]) -> Response:
    """CreateArchiveRule and ListArchiveRules."""
    if request.method == "PUT":
        body = request.json()
        _put_rule(analyzer, body["ruleName"], body["filter"])
        return json_response({})
    return json_response({"archiveRules": list(analyzer["rules"].values())})


@requires(_analyzer_with_rule, "Archive rule {rule} does not exist")
def handle_rule(request: Request, analyzer: dict[str, Any]) -> Response:
    """GetArchiveRule, UpdateArchiveRule and DeleteArchiveRule."""
    name = request.group("rule")
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


ROUTES = (
    Route(SERVICE, "PUT", "/analyzer", create),
    Route(SERVICE, "GET", "/analyzer", list_analyzers),
    Route(SERVICE, "*", ANALYZER, handle_analyzer),
    Route(SERVICE, "*", RULES, handle_rules),
    Route(SERVICE, "*", RULE, handle_rule),
    *tagging.routes(SERVICE),
)
