"""API Gateway REST APIs: Terraform reads what it wrote, changes tags, and can reset the account's log role."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws import tagging
from localcloud.aws.gateway.deployment import freeze
from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import Request, Response, Route

# What has tags, as an ARN spells it, and the attribute of moto's backend that holds it.
_TAGGED = {"apikeys": "keys", "domainnames": "domain_names", "restapis": "apis", "usageplans": "usage_plans"}


def install() -> None:
    """Patch the policy and the settings of an API, and the account's settings."""
    from moto.apigateway.models import Account, RestAPI
    from moto.apigateway.responses import APIGatewayResponse

    wrap(APIGatewayResponse, "create_rest_api", _create_rest_api)
    wrap(RestAPI, "create_deployment", _create_deployment)
    wrap(RestAPI, "to_dict", _to_dict)
    wrap(RestAPI, "apply_patch_operations", _apply_patch_operations)
    wrap(Account, "apply_patch_operations", _apply_to_account)


def _to_dict(original: Method, self: Any) -> Any:
    """API Gateway answers a policy as an escaped JSON string, which the provider unescapes; moto does not escape it."""
    answer = original(self)
    policy = answer.get("policy")
    if policy:
        plain = policy.replace('\\"', '"') if policy.startswith('{\\"') else policy
        answer["policy"] = json.dumps(plain)[1:-1]
    return answer


def _create_rest_api(original: Method, self: Any) -> Any:
    """moto drops binaryMediaTypes."""
    answer = original(self)
    types = self._get_param("binaryMediaTypes")
    if not types or not isinstance(answer, tuple) or answer[0] != 200:
        return answer
    api = self.backend.get_rest_api(json.loads(answer[2])["id"])
    api.binaryMediaTypes = list(types)
    return 200, {}, json.dumps(api.to_dict())


def _create_deployment(original: Method, self: Any, *args: Any, **keywords: Any) -> Any:
    """A stage serves what its deployment holds, not what was changed since."""
    deployment = original(self, *args, **keywords)
    freeze(self, deployment)
    return deployment


def _apply_patch_operations(original: Method, self: Any, operations: list[dict[str, Any]]) -> None:
    """moto takes the text "false" of disableExecuteApiEndpoint for true, and drops minimumCompressionSize.

    Binary media types are added and removed by path (`/binaryMediaTypes/image~1png`), where moto reads the value.
    """
    binary = [each for each in operations if each["path"].startswith("/binaryMediaTypes/")]
    original(self, [each for each in operations if each not in binary])
    for operation in binary:
        kind = operation["path"].removeprefix("/binaryMediaTypes/").replace("~1", "/")
        if operation["op"] == "remove":
            self.binaryMediaTypes = [each for each in self.binaryMediaTypes if each != kind]
        else:
            self.binaryMediaTypes = [*self.binaryMediaTypes, kind]
    for operation in operations:
        if operation["path"] == "/disableExecuteApiEndpoint":
            self.disableExecuteApiEndpoint = str(operation.get("value")).lower() == "true"
        if operation["path"] == "/minimumCompressionSize":
            size = operation.get("value")
            self.minimum_compression_size = int(size) if size else None


def _apply_to_account(original: Method, self: Any, operations: list[dict[str, Any]]) -> Any:
    """Terraform resets the log role by an operation without a value, where moto requires a value."""
    return original(self, [{"value": None, **operation} for operation in operations])


def _tags(request: Request) -> Response | None:
    """GetTags, TagResource and UntagResource, of which moto knows those of stages in part."""
    from moto.apigateway.models import apigateway_backends

    backend = apigateway_backends[request.account][request.region]
    resource = getattr(backend, _TAGGED[request.group("kind")]).get(request.group("id"))
    if resource is not None and request.group("stage"):
        resource = resource.stages.get(request.group("stage"))
    if resource is None:
        return None
    resource.tags = resource.tags or {}
    return tagging.change(request, resource.tags)


ROUTES = (
    Route(
        "apigateway",
        "*",
        rf"/tags/arn:aws:apigateway:[^:]*::/(?P<kind>{'|'.join(_TAGGED)})/(?P<id>[^/]+)(/stages/(?P<stage>[^/]+))?",
        _tags,
    ),
)
