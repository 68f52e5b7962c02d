"""POST /populate, called as by API Gateway: the answers, and the files in the archive."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from lambda_src.populate import clients
from lambda_src.populate.events import with_plain_path
from tests.lambda_src.conftest import BUCKET, KEY_ARN, Function, admin
from tests.lambda_src.samples import HTTP_REQUEST_ID, REST_REQUEST_ID, http_event, rest_event

KEY = re.compile(r"populate/\d{4}/\d\d/\d\d/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.json")


def stored(key: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(admin("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return document


def test_a_rest_api_gets_201_and_the_key_of_a_new_file(function: Function, archived):
    body = function.answer(rest_event('{"records": 3}'), status=201)
    assert body == {"key": archived()[0], "bucket": BUCKET, "records": 3, "request_id": REST_REQUEST_ID}
    assert KEY.fullmatch(body["key"])


def test_an_http_api_gets_201_and_the_key_of_a_new_file(function: Function, archived):
    function.environ(API_FLAVOUR="http")
    body = function.answer(http_event('{"records": 3}'), status=201)
    assert body == {"key": archived()[0], "bucket": BUCKET, "records": 3, "request_id": HTTP_REQUEST_ID}


def test_each_answer_has_the_header_form_its_api_reads(function: Function):
    assert function(rest_event())["multiValueHeaders"]["Content-Type"] == ["application/json"]
    function.environ(API_FLAVOUR="http")
    assert function(http_event())["headers"]["Content-Type"] == "application/json"


def test_the_key_starts_with_todays_date_in_utc(function: Function):
    before = datetime.now(UTC)
    key = function.answer(rest_event(), status=201)["key"]
    days = {f"populate/{moment:%Y/%m/%d}" for moment in (before, datetime.now(UTC))}
    assert key.rpartition("/")[0] in days


def test_the_file_is_json_with_name_symbol_and_price_of_every_record(function: Function):
    document = stored(function.answer(rest_event('{"records": 25}'), status=201)["key"])
    assert document["source"] == "random"
    assert datetime.fromisoformat(document["created_at"]).tzinfo is not None
    assert len(document["records"]) == 25
    for record in document["records"]:
        assert record.keys() == {"name", "symbol", "price"}
        assert 0 < record["price"] <= 100_000
        assert len(record["symbol"]) <= 10
    assert len({record["symbol"] for record in document["records"]}) == 25


def test_the_file_is_encrypted_with_the_archives_key_and_typed_as_json(function: Function):
    key = function.answer(rest_event(), status=201)["key"]
    head = admin("s3").head_object(Bucket=BUCKET, Key=key)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", KEY_ARN)
    assert head["ContentType"] == "application/json"


def test_an_upload_names_owner_and_checksum_but_no_key(function: Function):
    """S3 API reference, PutObject: a key of another account has to be named by its ARN, an alias would be the caller's.

    Without the headers the bucket's default encryption decides.
    """
    expected = {
        "Bucket": BUCKET,
        "Key": ANY,
        "Body": ANY,
        "ContentType": "application/json",
        "ChecksumSHA256": ANY,
        "ExpectedBucketOwner": "123456789012",
    }
    with Stubber(clients.s3("eu-west-2")) as stub:
        stub.add_response("put_object", {}, expected)
        function.answer(rest_event(), status=201)
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("body", [None, "", "  ", "{}"])
def test_an_empty_request_gets_the_default_number_of_records(function: Function, body: str | None):
    assert function.answer(rest_event(body), status=201)["records"] == 100


def test_the_default_number_is_a_setting(function: Function):
    function.environ(DEFAULT_RECORDS="7")
    assert function.answer(rest_event(), status=201)["records"] == 7


def test_the_same_seed_gives_the_same_records_in_another_file(function: Function):
    first, second, other = (
        function.answer(rest_event(json.dumps({"records": 5, "seed": seed})), status=201)["key"] for seed in (1, 1, 2)
    )
    assert first != second
    assert stored(first)["records"] == stored(second)["records"] != stored(other)["records"]


@pytest.mark.row("0.15")
def test_every_request_without_an_idempotency_key_writes_a_file(function: Function, archived):
    for _ in range(3):
        function.answer(rest_event('{"seed": 1}'), status=201)
    assert len(archived()) == 3


def test_a_base64_body_is_decoded(function: Function):
    event = rest_event(base64.b64encode(b'{"records": 2}').decode(), encoded=True)
    assert function.answer(event, status=201)["records"] == 2


@pytest.mark.parametrize(
    ("path", "stage", "base_path"),
    [
        pytest.param("/populate", "prod", None, id="default domain"),
        pytest.param("/populate/", "prod", None, id="trailing slash"),
        pytest.param("/v1/populate", "prod", "v1", id="custom domain with base path"),
        pytest.param("/team/v1/populate", "prod", "team/v1", id="custom domain with nested base path"),
        pytest.param("/prod/populate", "prod", None, id="custom domain, no base path, stage in the path"),
        pytest.param("/v1/prod/populate", "prod", "v1", id="custom domain with base path, stage in the path"),
        pytest.param("/populate", "populate", None, id="a stage of the same name"),
    ],
)
def test_a_rest_api_is_served_at_every_path(function: Function, path: str, stage: str, base_path: str | None):
    function.environ(API_BASE_PATH=base_path)
    function.answer(rest_event(path=path, stage=stage), status=201)


@pytest.mark.parametrize(
    ("path", "stage", "base_path"),
    [
        pytest.param("/populate", "$default", None, id="default stage"),
        pytest.param("/prod/populate", "prod", None, id="named stage"),
        pytest.param("/v1/populate", "$default", "v1", id="custom domain with mapping key"),
        pytest.param("/v1/populate", "prod", "v1", id="custom domain with mapping key, named stage"),
        pytest.param("/populate", "prod", None, id="custom domain without mapping key, named stage"),
    ],
)
def test_an_http_api_is_served_at_every_path(function: Function, path: str, stage: str, base_path: str | None):
    function.environ(API_FLAVOUR="http", API_BASE_PATH=base_path)
    function.answer(http_event(path=path, stage=stage), status=201)


def test_a_base_path_is_removed_only_as_a_complete_segment():
    assert with_plain_path(rest_event(path="/v1populate"), base_path="v1")["path"] == "/v1populate"
