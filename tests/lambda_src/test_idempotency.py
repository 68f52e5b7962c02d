"""Idempotency-Key: a repeated request, and no other, gets the first answer."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import botocore.exceptions
import pytest

from lambda_src.populate import clients
from tests.lambda_src.conftest import TABLE, Function, admin
from tests.lambda_src.samples import http_event, rest_event


def keyed(body: str | None = '{"records": 2}', key: str = "order-1", **more: Any) -> dict[str, Any]:
    return rest_event(body, headers={"Idempotency-Key": key}, **more)


def test_a_repeat_gets_the_first_answer_and_writes_nothing(function: Function, archived):
    first, second = function(keyed()), function(keyed())
    assert second["multiValueHeaders"]["Idempotency-Replayed"] == ["true"]
    assert (second["statusCode"], second["body"]) == (201, first["body"])
    assert archived() == [json.loads(first["body"])["key"]]


def test_the_first_answer_is_not_marked_as_a_repeat(function: Function):
    assert "Idempotency-Replayed" not in function(keyed())["multiValueHeaders"]


def test_a_repeat_after_a_cold_start_gets_the_first_answer(function: Function, archived):
    first = function.answer(keyed(), status=201)
    function.environ()
    assert function.answer(keyed(), status=201) == first


def test_a_repeat_with_its_json_written_differently_is_a_repeat(function: Function, archived):
    function.answer(keyed('{"records": 2, "seed": 4}'), status=201)
    function.answer(keyed(' {"seed":4,"records":2} '), status=201)
    assert len(archived()) == 1


def test_the_header_s_name_is_case_insensitive(function: Function, archived):
    function.answer(rest_event(headers={"idempotency-key": "order-1"}), status=201)
    function.answer(rest_event(headers={"IDEMPOTENCY-KEY": "order-1"}), status=201)
    assert len(archived()) == 1


def test_another_key_writes_another_file(function: Function, archived):
    function.answer(keyed(key="order-1"), status=201)
    function.answer(keyed(key="order-2"), status=201)
    assert len(archived()) == 2


def test_the_key_with_another_body_is_422(function: Function, archived):
    function.answer(keyed('{"records": 2}'), status=201)
    problem = function.answer(keyed('{"records": 3}'), status=422)
    assert problem["type"] == "urn:populate:problem:idempotency-key-reused"
    assert len(archived()) == 1


@pytest.mark.parametrize("key", ["", "two words", "x" * 129, "naïve"])
def test_an_invalid_key_is_422(function: Function, archived, key: str):
    problem = function.answer(keyed(key=key), status=422)
    assert problem["detail"].startswith("Idempotency-Key: ")
    assert archived() == []


def test_two_callers_may_choose_the_same_key(function: Function, archived):
    for name in ("alice", "bob", "alice"):
        function.answer(keyed(user_arn=f"arn:aws:iam::111111111111:user/{name}"), status=201)
    assert len(archived()) == 2


def test_two_callers_of_a_jwt_api_may_choose_the_same_key(function: Function, archived):
    function.environ(API_FLAVOUR="http")
    for subject in ("alice", "bob", "alice"):
        function.answer(http_event(headers={"Idempotency-Key": "order-1"}, subject=subject), status=201)
    assert len(archived()) == 2


def test_a_second_request_during_the_first_is_409(function: Function, archived, monkeypatch):
    client = clients.s3("eu-west-2")
    put, arrived, released = client.put_object, Event(), Event()

    def slow(**arguments: Any) -> Any:
        arrived.set()
        assert released.wait(10)
        return put(**arguments)

    monkeypatch.setattr(client, "put_object", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(function.answer, keyed(), status=201)
        assert arrived.wait(10)
        second = function(keyed())
        released.set()
        assert first.result()["key"] == archived()[0]
    assert (second["statusCode"], second["headers"]["Retry-After"]) == (409, "2")


def test_after_a_crash_a_request_can_be_repeated_once_its_time_is_up(function: Function, archived, monkeypatch):
    function.context.remaining_milliseconds = 1

    def die(**_: Any) -> None:
        raise KeyboardInterrupt  # not an Exception, so it leaves the claim behind, as a killed function does

    with monkeypatch.context() as patch:
        patch.setattr(clients.s3("eu-west-2"), "put_object", die)
        with pytest.raises(KeyboardInterrupt), pytest.warns(UserWarning, match="No application metrics"):
            function(keyed())
    time.sleep(0.01)
    function.answer(keyed(), status=201)
    assert len(archived()) == 1


def test_a_failed_request_can_be_repeated(function: Function, archived, monkeypatch: pytest.MonkeyPatch):
    def fail(**_: Any) -> None:
        raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://s3")

    with monkeypatch.context() as patch:
        patch.setattr(clients.s3("eu-west-2"), "put_object", fail)
        function.answer(keyed(), status=504)
    function.answer(keyed(), status=201)
    assert len(archived()) == 1


def test_without_the_table_a_request_with_a_key_is_503_and_not_written(function: Function, archived):
    admin("dynamodb").delete_table(TableName=TABLE)
    problem = function.answer(keyed(), status=503)
    assert problem["type"] == "urn:populate:problem:idempotency-unavailable"
    assert archived() == []
    function.answer(rest_event(), status=201)


def test_the_table_holds_a_hash_of_the_key_for_an_hour(function: Function):
    function.answer(keyed(key="order-1"), status=201)
    (item,) = admin("dynamodb").scan(TableName=TABLE)["Items"]
    prefix, _, digest = item["id"]["S"].partition("#")
    assert (prefix, len(bytes.fromhex(digest))) == ("populate", 32)
    assert "order-1" not in str(item)
    assert abs(int(item["expiration"]["N"]) - (time.time() + 3600)) < 60
