"""Every failure is a problem in JSON with the right status and no internal details."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest
from botocore.stub import Stubber

from lambda_src.populate import clients, errors
from tests.lambda_src.conftest import BUCKET, Function
from tests.lambda_src.samples import REST_REQUEST_ID, http_event, rest_event

INSIDE = (BUCKET, "arn:", "123456789012", "Traceback", "botocore", "populate-idempotency", "AccessDenied")


def refused_by_s3(code: str, status: int) -> Stubber:
    """Let S3 answer the next put with an error."""
    stub = Stubber(clients.s3("eu-west-2"))
    stub.add_client_error("put_object", service_error_code=code, service_message="secret text", http_status_code=status)
    return stub


@pytest.mark.parametrize("body", ["{", "nonsense", '{"records": }', "\x00"])
def test_malformed_json_is_400(function: Function, body: str):
    problem = function.answer(rest_event(body), status=400)
    assert problem == {
        "type": "urn:populate:problem:malformed-request",
        "title": "The request cannot be read",
        "status": 400,
        "detail": "The body is not JSON",
        "request_id": REST_REQUEST_ID,
    }


@pytest.mark.parametrize("body", ["%%%", "/////w=="], ids=["no base64", "no UTF-8"])
def test_a_body_that_is_not_text_is_400(function: Function, body: str):
    function.answer(rest_event(body, encoded=True), status=400)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ('{"records": 0}', "records"),
        ('{"records": 1001}', "records"),
        ('{"records": "10"}', "records"),
        ('{"records": true}', "records"),
        ('{"records": 1.5}', "records"),
        ('{"seed": -1}', "seed"),
        ('{"rows": 1}', "rows"),
        ("[]", "body"),
    ],
)
def test_an_invalid_request_is_422_and_names_the_key(function: Function, archived, body: str, names: str):
    problem = function.answer(rest_event(body), status=422)
    assert problem["type"].endswith(":invalid-request")
    assert problem["detail"].startswith(f"{names}: ")
    assert archived() == []


def test_another_path_is_404(function: Function):
    problem = function.answer(rest_event(path="/elsewhere"), status=404)
    assert problem["detail"] == "Only POST /populate is served"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_405_and_names_the_allowed_one(function: Function, method: str):
    response = function(rest_event(method=method))
    assert (response["statusCode"], response["headers"]["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("code", "http_status", "status", "kind"),
    [
        ("AccessDenied", 403, 502, "archive-refused"),
        ("NoSuchBucket", 404, 502, "archive-refused"),
        ("KMS.DisabledException", 400, 502, "archive-refused"),
        ("SlowDown", 503, 503, "archive-unavailable"),
        ("InternalError", 500, 503, "archive-unavailable"),
        ("RequestTimeout", 400, 503, "archive-unavailable"),
    ],
)
def test_an_error_of_s3_is_502_or_503(function: Function, code: str, http_status: int, status: int, kind: str):
    with refused_by_s3(code, http_status):
        problem = function.answer(rest_event(), status=status)
    assert problem["type"] == f"urn:populate:problem:{kind}"
    assert not [word for word in (*INSIDE, "secret text") if word in json.dumps(problem)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (botocore.exceptions.ConnectTimeoutError(endpoint_url="https://s3"), 504),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="https://s3"), 504),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="https://s3"), 503),
        (botocore.exceptions.ConnectionClosedError(endpoint_url="https://s3"), 503),
        (botocore.exceptions.NoCredentialsError(), 502),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_failed_connection_to_s3_is_502_503_or_504(
    function: Function, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
):
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr(clients.s3("eu-west-2"), "put_object", fail)
    problem = function.answer(rest_event(), status=status)
    assert "https://s3" not in json.dumps(problem)


def test_an_unexpected_error_is_500_without_its_text(function: Function, monkeypatch: pytest.MonkeyPatch, logged):
    def fail(**_: Any) -> None:
        raise RuntimeError("text from inside")

    monkeypatch.setattr(clients.s3("eu-west-2"), "put_object", fail)
    problem = function.answer(rest_event(), status=500)
    assert problem["type"] == "urn:populate:problem:unexpected"
    assert "text from inside" not in json.dumps(problem)
    assert "text from inside" in logged.getvalue()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_FLAVOUR", "soap"),
        ("ARCHIVE_BUCKET", ""),
        ("ARCHIVE_ACCOUNT_ID", "12"),
        ("ARCHIVE_PREFIX", "/populate/"),
        ("IDEMPOTENCY_TABLE", None),
        ("SOURCE", "listings"),
        ("LISTINGS_URL", "http://example.com/listings"),
        ("DEFAULT_RECORDS", "many"),
    ],
)
def test_a_wrong_setting_is_500_and_the_log_names_the_variable(
    function: Function, logged, name: str, value: str | None
):
    function.environ(**{name: value})
    problem = function.answer(rest_event(), status=500)
    assert problem["type"] == "urn:populate:problem:misconfigured"
    assert name not in json.dumps(problem)
    assert name in logged.getvalue()


def test_settings_are_read_again_after_they_were_wrong(function: Function, monkeypatch: pytest.MonkeyPatch):
    function.environ(API_FLAVOUR="soap")
    function.answer(rest_event(), status=500)
    monkeypatch.setenv("API_FLAVOUR", "rest")
    function.answer(rest_event(), status=201)


def test_an_event_of_the_other_kind_of_api_is_500_and_logged(function: Function, logged):
    function.answer(http_event(), status=500)
    assert "API_FLAVOUR is rest, but the event is a http API's payload" in logged.getvalue()


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"requestContext": None}, [], None])
def test_an_event_from_another_source_is_500_not_a_crash(function: Function, event: Any):
    problem = function.answer(event, status=500)
    assert problem["request_id"] == ""


def test_the_documented_list_of_problems_is_complete():
    classes = errors.Problem.__subclasses__()
    table = {
        name: (int(status), code)
        for name, status, code in (
            line.lstrip("├└─ ").split() for line in (errors.__doc__ or "").splitlines() if line[:1] in "├└" and line
        )
    }
    assert table == {kind.__name__: (int(kind.status), kind.code) for kind in classes}


def test_problems_are_typed_as_problem_json(function: Function):
    assert function(rest_event("{"))["headers"]["Content-Type"] == "application/problem+json"
