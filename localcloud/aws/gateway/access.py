"""Who may call an API: IAM signatures, JWTs, Lambda authorizers, API keys, resource policies."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

from localcloud.aws import identity
from localcloud.aws.conditions import as_list
from localcloud.aws.gateway.call import LOOPBACK, GatewayCall, GatewayError
from localcloud.aws.gateway.events import version_1, version_2
from localcloud.aws.gateway.functions import call_function
from localcloud.aws.policy import Call, Decision, Principal, evaluate, permitted


def require_signature(call: GatewayCall) -> None:
    """AWS_IAM: the request must be signed for execute-api with a key that IAM or STS issued.

    The signature itself is not verified, and identity policies are not evaluated.
    """
    caller = identity.current()
    rest = call.to.kind == "REST"
    if not caller.signed:
        raise GatewayError(
            403, "Missing Authentication Token" if rest else "Forbidden", reason="the request is not signed"
        )
    if not caller.known:
        message = "The security token included in the request is invalid." if rest else "Forbidden"
        raise GatewayError(403, message, reason=f"access key {caller.access_key} was never issued")
    call.log |= {
        "identity.accessKey": caller.access_key,
        "identity.accountId": caller.account,
        "identity.caller": caller.access_key,
        "identity.user": caller.access_key,
        "identity.userArn": caller.session_arn or caller.principal_arn,
    }


def require_policy(call: GatewayCall, *, method: str, path: str, signed: bool) -> None:
    """A REST API's resource policy; an API without a policy accepts everybody whom its authorisation accepts."""
    document = _policy_document(call)
    if document is None:
        return
    principal = identity.current_principal() if signed else Principal(call.to.account, "")
    invocation = Call(principal, "execute-api:Invoke", call.to.arn(method, path), {"aws:SourceIp": [LOOPBACK]})
    if not permitted(document, invocation, owner=call.to.account):
        raise GatewayError(403, invocation.refusal())


def _policy_document(call: GatewayCall) -> dict[str, Any] | None:
    """The API's policy with its short resources (execute-api:/stage/…) written out."""
    text = call.to.api.policy
    if not text:
        return None
    document: dict[str, Any] = json.loads(text.replace('\\"', '"') if text.startswith('{\\"') else text)
    prefix = f"arn:aws:execute-api:{call.to.region}:{call.to.account}:{call.to.api_id}/"
    for statement in document.get("Statement", []):
        for name in ("Resource", "NotResource"):
            if name in statement:
                statement[name] = [re.sub(r"^execute-api:/", prefix, each) for each in as_list(statement[name])]
    return document


def require_token(call: GatewayCall, authorizer: Any, scopes: list[str] | None) -> None:
    """JWT: issuer, audience, validity and scopes of the token.

    Its signature is not verified: the issuer's keys cannot be fetched offline.
    """
    claims = _claims(_from_source(call, (authorizer.identity_source or ["$request.header.Authorization"])[0]))
    configuration = authorizer.jwt_config or {}
    audience = claims.get("aud", claims.get("client_id", []))
    audiences = audience if isinstance(audience, list) else [audience]
    now = time.time()
    checks = {
        "iss": claims.get("iss") == configuration.get("issuer"),
        "aud": bool(set(audiences) & set(configuration.get("audience") or audiences)),
        "exp": float(claims.get("exp", 0)) > now,
        "nbf": float(claims.get("nbf", 0)) <= now,
    }
    wrong = [name for name, passed in checks.items() if not passed]
    if wrong:
        raise _unauthorized(f"the token's {', '.join(wrong)} is wrong")
    granted = str(claims.get("scope", "")).split()
    if scopes and not set(scopes) & set(granted):
        raise GatewayError(403, "Forbidden", reason="the token has none of the route's scopes")
    call.authorizer = {"jwt": {"claims": {name: _claim(value) for name, value in claims.items()}, "scopes": scopes}}


def _claims(token: str) -> dict[str, Any]:
    parts = token.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        raise _unauthorized("no JWT was sent")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        raise _unauthorized("the token cannot be read") from None
    if not isinstance(claims, dict):
        raise _unauthorized("the token holds no claims")
    return claims


def _claim(value: Any) -> str:
    return "[" + " ".join(map(str, value)) + "]" if isinstance(value, list) else str(value)


def _unauthorized(reason: str) -> GatewayError:
    return GatewayError(401, "Unauthorized", reason=reason, headers=(("WWW-Authenticate", "Bearer"),))


def _from_source(call: GatewayCall, source: str) -> str:
    """The value of an identity source such as $request.header.Authorization; "" where the request lacks it."""
    kind, _, name = re.sub(r"^(\$|method\.)request\.", "", source).partition(".")
    if kind == "header":
        return call.headers.get(name.lower(), "")
    if kind == "querystring":
        return next(iter(call.request.query.get(name, ())), "")
    return ""


def require_authorizer(call: GatewayCall, authorizer: Any, *, method: str, path: str, resource: str) -> None:
    """A Lambda authorizer: its function decides, by a policy or, for HTTP APIs, by isAuthorized."""
    if call.to.kind == "REST":
        sources = [each.strip() for each in (authorizer.identity_source or "").split(",") if each.strip()]
    else:
        sources = list(authorizer.identity_source or [])
    values = [_from_source(call, source) for source in sources]
    if sources and not all(values):
        raise GatewayError(401, "Unauthorized", reason="an identity source is missing")
    arn = call.to.arn(method, path)
    event = _authorizer_event(call, authorizer, arn=arn, resource=resource, token=next(iter(values), ""))
    outcome = call_function(call, authorizer.authorizer_uri, event, source=f"authorizers/{authorizer.id}")
    answer = json.loads(outcome.payload or b"null")
    if outcome.error or not isinstance(answer, dict):
        if isinstance(answer, dict) and answer.get("errorMessage") == "Unauthorized":
            raise GatewayError(401, "Unauthorized")
        raise GatewayError(500, "Internal Server Error", reason=f"the authorizer failed: {outcome.payload[:200]!r}")
    if "isAuthorized" in answer:
        allowed = answer["isAuthorized"] is True
    else:
        invocation = Call(Principal(call.to.account, arn="authorized"), "execute-api:Invoke", arn)
        allowed = evaluate(answer.get("policyDocument") or {}, invocation) is Decision.ALLOWED
    if not allowed:
        message = "User is not authorized to access this resource" if call.to.kind == "REST" else "Forbidden"
        raise GatewayError(403, message)
    context = answer.get("context") or {}
    principal = {"principalId": answer["principalId"]} if "principalId" in answer else {}
    call.authorizer = {**context, **principal} if call.to.kind == "REST" else {"lambda": context}


def _authorizer_event(call: GatewayCall, authorizer: Any, *, arn: str, resource: str, token: str) -> dict[str, Any]:
    if call.to.kind == "HTTP" and authorizer.auth_payload_format_version == "2.0":
        event = version_2(call, route_key=resource)
        return {**event, "type": "REQUEST", "routeArn": arn, "identitySource": [token]}
    if call.to.kind == "REST" and authorizer.type == "TOKEN":
        return {"type": "TOKEN", "methodArn": arn, "authorizationToken": token}
    return {**version_1(call, resource=resource), "type": "REQUEST", "methodArn": arn}


def require_api_key(call: GatewayCall) -> str:
    """A REST method's API key, which must be enabled and in a usage plan of this stage; returns the plan's id."""
    sent, backend = call.headers.get("x-api-key", ""), call.to.backend
    key = next((each for each in backend.keys.values() if sent and each.value == sent and each.enabled), None)
    if key is not None:
        for plan_id, members in backend.usage_plan_keys.items():
            plan = backend.usage_plans.get(plan_id)
            stages = [(each.get("apiId"), each.get("stage")) for each in (plan.api_stages if plan else ())]
            if key.id in members and (call.to.api_id, call.to.stage.name) in stages:
                call.log["identity.apiKeyId"] = key.id
                return str(plan_id)
    raise GatewayError(403, "Forbidden", reason="no valid API key was sent")
