"""Security Hub: the account's configuration, its tags, and the standards it follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap
from localcloud.aws.routing import Request, Response, Route, json_error, json_response

SERVICE = "securityhub"
_CONFIGURATION = {"AutoEnableControls": True, "ControlFindingGenerator": "SECURITY_CONTROL"}


def install() -> None:
    """moto answers DescribeHub with constants; what was configured has to come back, and go with the hub."""
    from moto.securityhub.models import SecurityHubBackend

    wrap(SecurityHubBackend, "describe_hub", _describe)
    wrap(SecurityHubBackend, "disable_security_hub", _disable)


def _describe(original: Callable[..., Any]) -> Callable[..., Any]:
    def describe_hub(self: Any, hub_arn: str | None = None) -> dict[str, Any]:
        return {**original(self, hub_arn), **getattr(self, "hub_configuration", _CONFIGURATION)}

    return describe_hub


def _disable(original: Callable[..., Any]) -> Callable[..., Any]:
    def disable_security_hub(self: Any) -> Any:
        answer = original(self)
        self.hub_configuration = dict(_CONFIGURATION)
        self.standards = {}
        return answer

    return disable_security_hub


def configure(request: Request) -> Response:
    """UpdateSecurityHubConfiguration."""
    hub = _hub(request)
    if not hub.enabled:
        return _not_subscribed()
    known = getattr(hub, "hub_configuration", _CONFIGURATION)
    hub.hub_configuration = {**known, **{key: value for key, value in request.json().items() if key in known}}
    return json_response({})


def enable_standards(request: Request) -> Response:
    """BatchEnableStandards."""
    hub = _hub(request)
    if not hub.enabled:
        return _not_subscribed()
    subscriptions = []
    for wanted in request.json()["StandardsSubscriptionRequests"]:
        name = wanted["StandardsArn"].split(":", 5)[-1].split("/", 1)[-1]
        subscription = {
            "StandardsSubscriptionArn": f"arn:aws:securityhub:{request.region}:{request.account}:subscription/{name}",
            "StandardsArn": wanted["StandardsArn"],
            "StandardsInput": wanted.get("StandardsInput") or {},
            "StandardsStatus": "READY",
            "StandardsControlsUpdatable": "READY_FOR_UPDATES",
        }
        _standards(hub)[str(subscription["StandardsSubscriptionArn"])] = subscription
        subscriptions.append(subscription)
    return json_response({"StandardsSubscriptions": subscriptions})


def enabled_standards(request: Request) -> Response:
    """GetEnabledStandards."""
    hub = _hub(request)
    if not hub.enabled:
        return _not_subscribed()
    asked = request.json().get("StandardsSubscriptionArns")
    found = [each for arn, each in _standards(hub).items() if not asked or arn in asked]
    return json_response({"StandardsSubscriptions": found})


def disable_standards(request: Request) -> Response:
    """BatchDisableStandards."""
    hub = _hub(request)
    if not hub.enabled:
        return _not_subscribed()
    gone = [_standards(hub).pop(arn, None) for arn in request.json()["StandardsSubscriptionArns"]]
    return json_response({"StandardsSubscriptions": [{**each, "StandardsStatus": "DELETING"} for each in gone if each]})


def tags(request: Request) -> Response:
    """ListTagsForResource, TagResource and UntagResource of the hub."""
    hub = _hub(request)
    if request.method == "POST":
        hub.tags = {**(hub.tags or {}), **request.json()["Tags"]}
    elif request.method == "DELETE":
        for key in request.query.get("tagKeys", []):
            (hub.tags or {}).pop(key, None)
    return json_response({"Tags": hub.tags or {}})


def _hub(request: Request) -> Any:
    from moto.securityhub.models import securityhub_backends

    return securityhub_backends[request.account][request.region]


def _standards(hub: Any) -> dict[str, dict[str, Any]]:
    if not hasattr(hub, "standards"):
        hub.standards = {}
    standards: dict[str, dict[str, Any]] = hub.standards
    return standards


def _not_subscribed() -> Response:
    return json_error("InvalidAccessException", "Account is not subscribed to AWS Security Hub", 401)


ROUTES = (
    Route(SERVICE, "PATCH", "/accounts", configure),
    Route(SERVICE, "POST", "/standards/register", enable_standards),
    Route(SERVICE, "POST", "/standards/get", enabled_standards),
    Route(SERVICE, "POST", "/standards/deregister", disable_standards),
    Route(SERVICE, "*", "/tags/(?P<arn>.+:hub/default)", tags),
)
