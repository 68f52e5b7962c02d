"""The events that API Gateway sends to a function, and the response that it makes of the answer.

Source: API Gateway developer guide, "Lambda proxy integrations" for REST APIs (payload 1.0) and HTTP APIs (2.0).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Any

from localcloud.aws.gateway.call import LOOPBACK, GatewayCall
from localcloud.aws.routing import Response, json_response

_TEXT = ("application/json", "application/xml", "application/javascript", "text/")


class MalformedAnswer(ValueError):
    """A function's answer that API Gateway cannot turn into a response."""


def version_2(call: GatewayCall, *, route_key: str) -> dict[str, Any]:
    """The event of payload format 2.0, for HTTP APIs."""
    request, to = call.request, call.to
    headers = {name: value for name, value in call.sent_headers.items() if name != "cookie"}
    cookies = [each.strip() for each in call.headers.get("cookie", "").split(";") if each.strip()]
    body, encoded = _body(request.body, call.headers.get("content-type", ""), text=_TEXT)
    # "rawPath won't provide the API mapping value" (the guide); a named stage is in it on every domain, as
    # aws-lambda-powertools' `APIGatewayProxyEventV2.path` expects.
    path = to.path if to.stage.name == "$default" else f"/{to.stage.name}{to.path}"
    context = {
        "accountId": to.account,
        "apiId": to.api_id,
        "domainName": call.domain,
        "domainPrefix": call.domain.split(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": LOOPBACK,
            "userAgent": call.headers.get("user-agent", ""),
        },
        "requestId": call.request_id,
        "routeKey": route_key,
        "stage": to.stage.name,
        "time": call.time,
        "timeEpoch": call.epoch_ms,
    }
    if call.authorizer is not None:
        context["authorizer"] = call.authorizer
    optional = {
        "cookies": cookies,
        "queryStringParameters": {name: ",".join(values) for name, values in request.query.items()},
        "pathParameters": call.path_parameters,
        "stageVariables": to.stage_variables,
        "body": body,
    }
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": request.raw_query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": encoded,
        **{name: value for name, value in optional.items() if value},
    }


def version_1(call: GatewayCall, *, resource: str, resource_id: str = "", binary: Iterable[str] = ()) -> dict[str, Any]:
    """The event of payload format 1.0; `binary` are the binary media types of a REST API.

    An HTTP API sends it with names of headers in lower case, and with the stage in its path.
    """
    request, to = call.request, call.to
    headers = call.sent_headers
    path = to.path
    if to.kind == "REST":
        # WSGI folds the case of header names; this is how clients write them.
        headers = {"-".join(part.capitalize() for part in name.split("-")): value for name, value in headers.items()}
    elif to.stage.name != "$default":
        path = f"/{to.stage.name}{to.path}"
    kind = call.headers.get("content-type", "")
    is_binary = _is_binary(kind, tuple(binary))
    body, encoded = _body(request.body, kind, text=() if is_binary else ("",))
    context = {
        "accountId": to.account,
        "apiId": to.api_id,
        "domainName": call.domain,
        "domainPrefix": call.domain.split(".")[0],
        "extendedRequestId": call.request_id.replace("-", "")[:15] + "=",
        "httpMethod": request.method,
        "identity": _identity(call),
        "path": request.path if to.custom else f"/{to.stage.name}{to.path}",
        "protocol": "HTTP/1.1",
        "requestId": call.request_id,
        "requestTime": call.time,
        "requestTimeEpoch": call.epoch_ms,
        "resourceId": resource_id,
        "resourcePath": resource,
        "stage": to.stage.name,
    }
    if call.authorizer is not None:
        context["authorizer"] = call.authorizer
    return {
        "resource": resource,
        "path": request.path if to.custom else path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in request.query.items()} or None,
        "multiValueQueryStringParameters": dict(request.query) or None,
        "pathParameters": call.path_parameters or None,
        "stageVariables": to.stage_variables or None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _identity(call: GatewayCall) -> dict[str, Any]:
    empty = (
        "accessKey",
        "accountId",
        "caller",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "user",
        "userArn",
    )
    return {
        **dict.fromkeys(empty),
        "sourceIp": LOOPBACK,
        "userAgent": call.headers.get("user-agent"),
        **({"apiKey": call.headers["x-api-key"]} if "x-api-key" in call.headers else {}),
        **{name.removeprefix("identity."): value for name, value in call.log.items() if name.startswith("identity.")},
    }


def _is_binary(kind: str, binary: tuple[str, ...]) -> bool:
    plain = kind.split(";", maxsplit=1)[0].strip()
    return any(fnmatch(plain, each.replace("~1", "/")) for each in binary)


def _body(body: bytes, kind: str, *, text: tuple[str, ...]) -> tuple[str | None, bool]:
    """The body, and whether it is encoded in base64.

    It stays text without a content type, and with a type that is JSON, XML or begins with one of `text`.
    """
    if not body:
        return None, False
    plain = kind.split(";", maxsplit=1)[0].strip().lower()
    if not plain or plain.endswith(("+json", "+xml")) or any(plain.startswith(each) for each in text):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def rest_response(payload: bytes, *, accept: str, binary: tuple[str, ...]) -> Response:
    """The response that a function's answer describes to a REST API; raises MalformedAnswer.

    Base64 stays as it is unless the first type that the client accepts is a binary media type of the API. Source:
    developer guide, "Return binary media from a Lambda proxy integration".
    """
    return to_response(payload, lenient=False, decode=_is_binary(accept.partition(",")[0], binary))


def to_response(payload: bytes, *, lenient: bool, decode: bool = True) -> Response:
    """The response that a function's answer describes; raises MalformedAnswer.

    `lenient` is payload 2.0, where an answer without statusCode is the body of a 200.
    """
    try:
        answer = json.loads(payload or b"null")
    except ValueError as error:
        raise MalformedAnswer("the function's answer is not JSON") from error
    if not isinstance(answer, dict) or "statusCode" not in answer:
        if lenient:
            return json_response(answer)
        raise MalformedAnswer("the function's answer has no statusCode")
    body = answer.get("body")
    if body is None:
        data = b""
    elif not isinstance(body, str):
        if not lenient:
            raise MalformedAnswer("body has to be a string")
        data = json.dumps(body).encode()
    elif answer.get("isBase64Encoded") and decode:
        try:
            data = base64.b64decode(body)
        except binascii.Error as error:
            raise MalformedAnswer("body is not base64, though isBase64Encoded is true") from error
    else:
        data = body.encode()
    try:
        return Response(int(answer["statusCode"]), data, tuple(_headers(answer, lenient=lenient)))
    except (TypeError, ValueError, AttributeError) as error:
        raise MalformedAnswer(f"the function's answer is malformed: {error}") from error


def _headers(answer: dict[str, Any], *, lenient: bool) -> list[tuple[str, str]]:
    multiple = answer.get("multiValueHeaders") or {}
    if any(not isinstance(values, list) for values in multiple.values()):
        raise MalformedAnswer("the values of multiValueHeaders have to be lists")
    taken = {name.lower() for name in multiple}
    headers = [(name, str(value)) for name, values in multiple.items() for value in values]
    headers += [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in (answer.get("headers") or {}).items()
        if name.lower() not in taken
    ]
    headers += [("Set-Cookie", cookie) for cookie in answer.get("cookies") or ()]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8" if lenient else "application/json"))
    return headers
