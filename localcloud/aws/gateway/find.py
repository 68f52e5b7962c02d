"""Which API and stage a request is for: by the API's host name, a custom domain, or the reserved path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from localcloud.aws.gateway.call import Destination, GatewayError
from localcloud.aws.routing import Request

PATH_FORM = "/_groundwork/api/"
_API_HOST = re.compile(r"^(?P<api>[a-z0-9]+)\.execute-api\.", re.IGNORECASE)


def find(request: Request) -> Destination | None:
    """The destination; None when the request is not for an API. Raises GatewayError for an unknown API or stage."""
    host = request.headers.get("host", "").rsplit(":", 1)[0].lower()
    if request.path.startswith(PATH_FORM):
        api, _, path = request.path.removeprefix(PATH_FORM).partition("/")
        return _by_id(api, f"/{path}")
    api_host = _API_HOST.match(host)
    return _by_id(api_host["api"], request.path) if api_host else _by_domain(host, request.path)


def _by_id(api_id: str, path: str) -> Destination:
    for kind, account, region, backend in _backends():
        api = backend.apis.get(api_id)
        if api is None:
            continue
        disabled = api.disableExecuteApiEndpoint if kind == "REST" else api.disable_execute_api_endpoint
        if disabled:
            raise _missing(kind, reason="the API answers to its custom domain only")
        name, _, rest = path.removeprefix("/").partition("/")
        if name in api.stages:
            return Destination(kind, api, backend, account, region, api.stages[name], f"/{rest}", custom=False)
        if kind == "HTTP" and "$default" in api.stages:
            return Destination(kind, api, backend, account, region, api.stages["$default"], path, custom=False)
        raise _missing(kind, reason=f"stage {name!r} does not exist")
    raise GatewayError(403, "Forbidden", reason=f"API {api_id} does not exist")


def _missing(kind: str, *, reason: str) -> GatewayError:
    return (
        GatewayError(403, "Forbidden", reason=reason)
        if kind == "REST"
        else GatewayError(404, "Not Found", reason=reason)
    )


def _by_domain(host: str, path: str) -> Destination | None:
    """A custom domain's destination: the longest mapped base path that the path starts with."""
    has_domain = False
    mappings: list[tuple[str, str, str]] = []
    for kind, _, _, backend in _backends():
        has_domain = has_domain or host in backend.domain_names
        if kind == "REST":
            for mapping in backend.base_path_mappings.get(host, {}).values():
                base = "" if mapping.base_path == "(none)" else mapping.base_path
                mappings.append((base, mapping.rest_api_id, mapping.stage or ""))
        else:
            for mapping in backend.api_mappings.values():
                if mapping.domain_name == host:
                    mappings.append((mapping.api_mapping_key or "", mapping.api_id, mapping.stage))
    if not has_domain:
        return None
    for base, api_id, stage in sorted(mappings, key=lambda each: -len(each[0])):
        if not base or path == f"/{base}" or path.startswith(f"/{base}/"):
            rest = path[len(base) + 1 :] if base else path
            return _mapped(api_id, stage, rest if rest.startswith("/") else f"/{rest}")
    raise GatewayError(403, "Forbidden", reason=f"{host} maps no API to {path}")


def _mapped(api_id: str, stage: str, path: str) -> Destination:
    for kind, account, region, backend in _backends():
        api = backend.apis.get(api_id)
        if api is None:
            continue
        if not stage:  # the first path segment names the stage
            stage, _, rest = path.removeprefix("/").partition("/")
            path = f"/{rest}"
        if stage in api.stages:
            return Destination(kind, api, backend, account, region, api.stages[stage], path, custom=True)
    raise GatewayError(403, "Forbidden", reason=f"the mapped API {api_id} has no stage {stage!r}")


def _backends() -> Iterator[tuple[str, str, str, Any]]:
    from moto.apigateway.models import apigateway_backends
    from moto.apigatewayv2.models import apigatewayv2_backends

    for kind, backends in (("REST", apigateway_backends), ("HTTP", apigatewayv2_backends)):
        for account in list(backends):
            for region in list(backends[account]):
                yield kind, account, region, backends[account][region]


def match_path(template: str, path: str) -> dict[str, str] | None:
    """The path parameters where `path` matches a template with {name} and {name+}, else None."""
    pattern = ""
    for part in re.split(r"(\{[^}]+\})", template):
        if part.startswith("{") and part.endswith("+}"):
            pattern += f"(?P<{_group(part[1:-2])}>.+)"
        elif part.startswith("{"):
            pattern += f"(?P<{_group(part[1:-1])}>[^/]+)"
        else:
            pattern += re.escape(part)
    match = re.fullmatch(pattern + "/?", path)
    names = re.findall(r"\{([^}+]+)\+?\}", template)
    return {name: match[_group(name)] for name in names} if match else None


def specificity(template: str) -> tuple[int, int, int]:
    """Sorts templates as API Gateway prefers them: fixed parts, then parameters, then greedy ones."""
    return (template.count("+}"), template.count("{"), -len(template))


def _group(name: str) -> str:
    return "p_" + re.sub(r"\W", "_", name)
