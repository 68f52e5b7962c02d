"""The API as a Lambda function: the events are those that API Gateway sends."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from payments import transaction
from pymongo import MongoClient
from servicekit.ferretdb import FerretServer
from servicekit.testing import PostgresServer
from transactions.queries import COLLECTION


def http_api(path: str) -> dict[str, Any]:
    """An HTTP API's event (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "api.example.com", "x-forwarded-proto": "https"},
        "requestContext": {
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }


def rest_api(path: str) -> dict[str, Any]:
    """A REST API's event (payload format 1.0)."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": {"Host": "api.example.com"},
        "multiValueHeaders": {"Host": ["api.example.com"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"resourcePath": "/{proxy+}", "httpMethod": "GET", "identity": {"sourceIp": "192.0.2.1"}},
        "body": None,
        "isBase64Encoded": False,
    }


@pytest.mark.row("4.14")
@pytest.mark.parametrize("event", [http_api, rest_api])
def test_the_handler_answers_as_the_server_does(
    event: Callable[[str], dict[str, Any]],
    postgres: PostgresServer,
    ferretdb: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FerretServer(ferretdb, postgres.create(f"ferretdb_lambda_{event.__name__}")) as server:
        monkeypatch.setenv("DATABASE_URL", server.url("opayo"))
        handler = importlib.reload(importlib.import_module("transactions.lambda_handler")).handler
        with MongoClient[dict[str, Any]](server.url("opayo")) as client:
            client.opayo[COLLECTION].insert_one(transaction(1, days=1))
        counted = handler(event("/transactions/90/card/Visa"), None)
        assert (counted["statusCode"], json.loads(counted["body"])) == (200, {"count": 1})
        listed = handler(event("/transactions/90"), None)
        assert json.loads(listed["body"])[0]["cardNumber"] == "************1234"
        assert handler(event("/nowhere"), None)["statusCode"] == 404
        server.kill()
        down = handler(event("/transactions/90"), None)
        assert (down["statusCode"], down["isBase64Encoded"]) == (503, False)
        assert json.loads(down["body"])["status"] == 503
        # The next request of the same execution environment reconnects.
        server.start()
        assert json.loads(handler(event("/transactions/90/card/Visa"), None)["body"]) == {"count": 1}
