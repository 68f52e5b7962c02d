"""Security Hub: the account's configuration, its tags, and the standards it follows."""

from __future__ import annotations

import functools
from typing import Any

from localcloud.aws import tagging
from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import ItemHandler, Request, Response, Route, json_error, json_response

SERVICE = "securityhub"
_DEFAULTS = {"AutoEnableControls": True, "ControlFindingGenerator": "SECURITY_CONTROL"}


def install() -> None:
    """moto answers DescribeHub with constants; the configuration has to come back, and go with the hub."""
    from moto.securityhub.models import SecurityHubBackend

    wrap(SecurityHubBackend, "describe_hub", _describe_hub)
    wrap(SecurityHubBackend, "disable_security_hub", _disable_security_hub)


def _describe_hub(original: Method, self: Any, hub_arn: str | None = None) -> dict[str, Any]:
    return {**original(self, hub_arn), **getattr(self, "hub_configuration", _DEFAULTS)}


def _disable_security_hub(original: Method, self: Any) -> Any:
    answer = original(self)
    self.hub_configuration = dict(_DEFAULTS)
    self.standards = {}
    return answer


def _of_enabled_hub(handler: ItemHandler) -> Any:
    """Decorate a handler that also gets the account's hub; without an enabled hub AWS answers 401."""

    @functools.wraps(handler)
    def handle(request: Request) -> Response:
        hub = _hub(request)
        if not hub.enabled:
            return json_error("InvalidAccessException", "Account is not subscribed to AWS Security Hub", 401)
        return handler(request, hub)

    return handle


@_of_enabled_hub
def configure(request: Request, hub: Any) -> Response:
    """UpdateSecurityHubConfiguration."""
    configuration = getattr(hub, "hub_configuration", _DEFAULTS)
    changes = {key: value for key, value in request.json().items() if key in configuration}
    hub.hub_configuration = {**configuration, **changes}
    return json_response({})


@_of_enabled_hub
def enable_standards(request: Request, hub: Any) -> Response:
    """BatchEnableStandards."""
    subscriptions = []
    for subscription in request.json()["StandardsSubscriptionRequests"]:
        name = subscription["StandardsArn"].split(":", 5)[-1].split("/", 1)[-1]
        arn = request.arn(f"subscription/{name}")
        _standards(hub)[arn] = {
            "StandardsSubscriptionArn": arn,
            "StandardsArn": subscription["StandardsArn"],
            "StandardsInput": subscription.get("StandardsInput") or {},
            "StandardsStatus": "READY",
            "StandardsControlsUpdatable": "READY_FOR_UPDATES",
        }
        subscriptions.append(_standards(hub)[arn])
    return json_response({"StandardsSubscriptions": subscriptions})


@_of_enabled_hub
def enabled_standards(request: Request, hub: Any) -> Response:
    """GetEnabledStandards."""
    arns = request.json().get("StandardsSubscriptionArns")
    subscriptions = [each for arn, each in _standards(hub).items() if not arns or arn in arns]
    return json_response({"StandardsSubscriptions": subscriptions})


@_of_enabled_hub
def disable_standards(request: Request, hub: Any) -> Response:
    """BatchDisableStandards."""
    removed = [_standards(hub).pop(arn, None) for arn in request.json()["StandardsSubscriptionArns"]]
    subscriptions = [{**each, "StandardsStatus": "DELETING"} for each in removed if each]
    return json_response({"StandardsSubscriptions": subscriptions})


def handle_tags(request: Request) -> Response:
    """ListTagsForResource, TagResource and UntagResource of the hub."""
    hub = _hub(request)
    hub.tags = hub.tags or {}
    return tagging.change(request, hub.tags, key="Tags")


def _hub(request: Request) -> Any:
    from moto.securityhub.models import securityhub_backends

    return securityhub_backends[request.account][request.region]


def _standards(hub: Any) -> Any:
    """Subscriptions by ARN."""
    return vars(hub).setdefault("standards", {})


ROUTES = (
    Route(SERVICE, "PATCH", "/accounts", configure),
    Route(SERVICE, "POST", "/standards/register", enable_standards),
    Route(SERVICE, "POST", "/standards/get", enabled_standards),
    Route(SERVICE, "POST", "/standards/deregister", disable_standards),
    Route(SERVICE, "*", "/tags/(?P<arn>.+:hub/default)", handle_tags),
)
