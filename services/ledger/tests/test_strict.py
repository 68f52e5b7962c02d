"""Strict mode answers as QLedger does. Every expectation was observed on QLedger itself (master, Postgres 15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ledgers import client_of
from starlette.testclient import TestClient

T6 = {
    "id": "t6",
    "timestamp": "2017-01-01 13:01:05.000",
    "data": {"status": "ok", "charge": 2000, "months": ["jan", "feb"]},
    "lines": [{"account": "b", "delta": -1}, {"account": "a", "delta": 1}],
}
T7 = {"id": "t7", "timestamp": "2017-01-01 13:01:05.120", "data": {"status": "zz", "charge": 100}}
T8 = {"id": "t8", "timestamp": "2016-01-01 00:00:00.000", "data": {"kind": "none"}, "lines": []}


@pytest.mark.row("3.1")
@pytest.mark.parametrize(
    ("method", "path", "status", "headers", "body"),
    [
        ("GET", "/ping", 200, {"content-type": "application/json; charset=utf-8"}, '{"ping": "pong"}'),
        ("POST", "/ping", 405, {"allow": "GET, OPTIONS", "x-content-type-options": "nosniff"}, "Method Not Allowed\n"),
        ("DELETE", "/v1/accounts", 405, {"allow": "GET, POST, PUT, OPTIONS"}, "Method Not Allowed\n"),
        ("OPTIONS", "/v1/accounts", 200, {"allow": "GET, POST, PUT, OPTIONS"}, ""),
        ("GET", "/nope", 404, {"content-type": "text/plain; charset=utf-8"}, "404 page not found\n"),
        ("GET", "/v1/accounts/x", 404, {}, "404 page not found\n"),
        ("POST", "/v1/balance", 404, {}, "404 page not found\n"),
        ("GET", "/ping/", 301, {"location": "/ping"}, '<a href="/ping">Moved Permanently</a>.\n\n'),
        ("POST", "/v1/accounts/", 307, {"location": "/v1/accounts"}, ""),
    ],
)
def test_paths_and_methods_are_answered_as_by_gos_router(
    shared_strict: TestClient, method: str, path: str, status: int, headers: dict[str, str], body: str
) -> None:
    answer = shared_strict.request(method, path, follow_redirects=False)
    assert (answer.status_code, answer.text) == (status, body)
    assert {name: answer.headers.get(name) for name in headers} == headers


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("a-token-of-a-test", 201),
        (" a-token-of-a-test ", 201),
        ("Bearer a-token-of-a-test", 401),
        ("", 401),
        ("a", 401),
    ],
)
def test_the_token_is_bare(shared_strict: TestClient, authorization: str, status: int) -> None:
    answer = shared_strict.post(
        "/v1/accounts",
        content="{bad" if status == 401 else f'{{"id": "of{len(authorization)}"}}',
        headers={"Authorization": authorization},
    )
    assert (answer.status_code, answer.content, answer.headers.get("content-type")) == (status, b"", None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "accounts", '{"id":"b","data":{"k":1},"balance":7}', 201),
        ("POST", "accounts", '{"id":"a"}', 409),
        ("POST", "accounts", '{"id":"c","data":{"k-1":1}}', 400),
        ("POST", "accounts", '{"id":"c","data":{"2":1}}', 400),
        ("POST", "accounts", '{"id":"c","data":{"":1}}', 400),
        ("POST", "accounts", '{"id":"d","data":{"a":{"b-1":2}}}', 201),
        ("POST", "accounts", '{"id":"e","data":null}', 201),
        ("POST", "accounts", '{"id":"c","balance":"x"}', 400),
        ("POST", "accounts", '{"id":5}', 400),
        ("POST", "accounts", "{}", 201),
        ("POST", "accounts", "", 400),
        ("PUT", "accounts", '{"id":"a"}', 200),
        ("PUT", "accounts", '{"id":"nope"}', 404),
        ("POST", "transactions", '{"id":"u","lines":null}', 201),
        ("POST", "transactions", '{"id":"t","timestamp":"2017-01-01T13:01:05.000Z"}', 400),
        ("POST", "transactions", '{"id":"t","timestamp":"2017-1-1 13:01:05.000"}', 400),
        ("POST", "transactions", '{"id":"t","timestamp":"2017-01-01 13:01:05"}', 400),
        ("POST", "transactions", '{"id":"t","timestamp":"2017-02-31 13:01:05.000"}', 400),
        ("POST", "transactions", '{"id":"t","lines":[{"account":"a","delta":1}]}', 400),
        ("POST", "transactions", '{"id":"t","lines":[{"account":"a"},{"delta":0}]}', 201),
        ("POST", "transactions", '{"id":"t","data":{"a-b":1}}', 400),
        ("PUT", "transactions", '{"id":"nope"}', 404),
        ("PUT", "transactions", '{"id":"nope","timestamp":"x"}', 400),
    ],
)
def test_bodies_are_judged_as_by_qledger(
    shared_strict: TestClient, method: str, path: str, body: str, status: int
) -> None:
    shared_strict.post("/v1/accounts", content='{"id":"a"}')
    answer = shared_strict.request(method, f"/v1/{path}", content=body)
    assert (answer.status_code, answer.content) == (status, b"")


@pytest.fixture(scope="module")
def filled(migrated: Callable[[str], str]) -> Iterator[TestClient]:
    with client_of(migrated("ledger"), ledger_strict=True) as client:
        for body in (T6, T7, T8):
            assert client.post("/v1/transactions", json=body).status_code == 201
        yield client


@pytest.mark.parametrize(
    ("must", "expected"),
    [
        ({"fields": [{"id": {"eq": "t6"}}]}, ["t6"]),
        ({"fields": [{"id": {"bogus": "t6"}}]}, ["t6"]),  # read as eq
        ({"fields": [{"id": {"eq": None}}]}, []),
        ({"fields": [{"data": {"eq": '{"kind": "none"}'}}]}, ["t8"]),
        ({"fields": [{"timestamp": {"lt": "2017-01-02"}}]}, ["t8", "t6", "t7"]),
        ({"terms": [{"months": "jan"}]}, ["t6"]),
        ({"ranges": [{"charge": {"gte": 100, "lt": 2000}}]}, ["t7"]),
        ({"ranges": [{"status": {"nin": ["ok", "zz"]}}]}, ["t6", "t7"]),
        ({"ranges": [{"status": {"nin": ["ok"]}}]}, ["t7"]),
        ({"ranges": [{"status": {"in": [None, "ok"]}}]}, ["t6"]),
        ({"ranges": [{"status": {"is": None}}]}, ["t8"]),
        ({"ranges": [{"status": {"eq": None}}]}, []),
        ({"fields": [{"id": {"in": ["t6"]}}]}, 500),
        ({"fields": [{"id": {"is": None}}]}, 500),
        ({"fields": [{"nope": {"eq": 1}}]}, 500),
        ({"fields": [{"id-x": {"eq": 1}}]}, 400),
        ({"fields": [{"timestamp": {"lt": "bad"}}]}, 500),
        ({"terms": [{"a-b": 1}]}, 400),
        ({"terms": [{}]}, 500),
        ({"ranges": [{"status": {"gte": 1}}]}, 500),  # a text that is not a number
        ({"ranges": [{"charge": {"like": 2000}}]}, 500),
        ({"ranges": [{"charge": {"is": 5}}]}, 500),
        ({"ranges": [{"status": {"in": []}}]}, 500),
    ],
)
def test_searches_are_answered_as_by_qledger(
    filled: TestClient, must: dict[str, Any], expected: list[str] | int
) -> None:
    answer = filled.request("GET", "/v1/transactions", json={"query": {"must": must}})
    if isinstance(expected, int):
        assert (answer.status_code, answer.content) == (expected, b"")
    else:
        assert [hit["id"] for hit in answer.json()] == expected


def test_results_have_qledgers_form(filled: TestClient) -> None:
    answer = filled.post("/v1/transactions/_search", json={"query": {"must": {"fields": [{"id": {"like": "t%"}}]}}})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == [
        {"id": "t8", "timestamp": "2016-01-01T00:00:00Z", "data": T8["data"], "lines": None},
        {
            "id": "t6", "timestamp": "2017-01-01T13:01:05Z", "data": T6["data"],
            "lines": [{"account": "a", "delta": 1}, {"account": "b", "delta": -1}],
        },
        {"id": "t7", "timestamp": "2017-01-01T13:01:05.12Z", "data": T7["data"], "lines": None},
    ]  # fmt: skip


def test_a_search_without_conditions_ignores_size(filled: TestClient) -> None:
    answer = filled.post("/v1/transactions/_search", json={"from": 1, "size": 1})
    assert len(answer.json()) == 3
    conditions = {"must": {"fields": [{"id": {"like": "t%"}}]}}
    answer = filled.post(
        "/v1/transactions/_search", json={"from": 1, "size": 1, "sort_time": "desc", "query": conditions}
    )
    assert [hit["id"] for hit in answer.json()] == ["t6"]
    assert filled.post("/v1/transactions/_search", content="").status_code == 400
