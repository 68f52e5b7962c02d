"""API Gateway events of both payload versions, as the service sends them."""

from __future__ import annotations

from typing import Any

REST_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
HTTP_REQUEST_ID = "JKJaXmPLvHcESHA="


def rest_event(
    body: str | None = None,
    *,
    method: str = "POST",
    path: str = "/populate",
    stage: str = "prod",
    headers: dict[str, str] | None = None,
    encoded: bool = False,
    user_arn: str | None = None,
) -> dict[str, Any]:
    """Payload 1.0 of a REST API with an AWS_PROXY integration."""
    sent = {"Accept": "*/*", "Content-Type": "application/json", "Host": "abc123.execute-api.eu-west-2.amazonaws.com"}
    sent |= headers or {}
    return {
        "resource": "/populate",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "2gxmpl",
            "resourcePath": "/populate",
            "httpMethod": method,
            "extendedRequestId": "JJbxmplHYosFVYQ=",
            "requestTime": "10/Mar/2026:00:03:59 +0000",
            "path": f"/{stage}{path}",
            "accountId": "111111111111",
            "protocol": "HTTP/1.1",
            "stage": stage,
            "domainPrefix": "abc123",
            "requestTimeEpoch": 1773100039,
            "requestId": REST_REQUEST_ID,
            "identity": {"sourceIp": "192.0.2.1", "userArn": user_arn, "userAgent": "curl/8.5.0", "apiKeyId": None},
            "domainName": "abc123.execute-api.eu-west-2.amazonaws.com",
            "apiId": "abc123",
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


def http_event(
    body: str | None = None,
    *,
    method: str = "POST",
    path: str = "/populate",
    stage: str = "$default",
    headers: dict[str, str] | None = None,
    encoded: bool = False,
    subject: str | None = None,
) -> dict[str, Any]:
    """Payload 2.0 of an HTTP API; header names are lower case there, and an absent body is an absent key."""
    sent = {"accept": "*/*", "content-type": "application/json", "host": "abc123.execute-api.eu-west-2.amazonaws.com"}
    sent |= {name.lower(): value for name, value in (headers or {}).items()}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "POST /populate",
        "rawPath": path,
        "rawQueryString": "",
        "headers": sent,
        "requestContext": {
            "accountId": "111111111111",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.eu-west-2.amazonaws.com",
            "domainPrefix": "abc123",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": HTTP_REQUEST_ID,
            "routeKey": "POST /populate",
            "stage": stage,
            "time": "10/Mar/2026:00:03:59 +0000",
            "timeEpoch": 1773100039000,
        },
        "isBase64Encoded": encoded,
    }
    if subject is not None:
        event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": subject}, "scopes": None}}
    return event if body is None else {**event, "body": body}
