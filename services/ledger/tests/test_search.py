"""The search language: what it selects, in which order, page by page, and that a client's text never becomes SQL."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from ledger.models import Search
from ledger.search import Where
from starlette.testclient import TestClient

DOCUMENTS: dict[str, dict[str, Any]] = {
    "t1": {"status": "ok", "charge": 100, "months": ["jan", "feb"], "active": True},
    "t2": {"status": "zz", "charge": 2000, "products": {"qw": {"coupons": ["x001", "y"]}}},
    "t3": {"status": "late", "charge": "300", "note": None},
    "t4": {"charge": "a lot", "christmas-offer": "x", "2020": 1},
}


@pytest.fixture(scope="module")
def filled(shared_ledger: TestClient) -> TestClient:
    for day, (id_, data) in enumerate(DOCUMENTS.items(), start=1):
        lines = [{"account": "shop", "delta": -day}, {"account": f"customer-{day}", "delta": day}]
        body = {"id": id_, "timestamp": f"2020-01-0{day} 00:00:00.000", "lines": lines, "data": data}
        assert shared_ledger.post("/v1/transactions", json=body).status_code == 201
    return shared_ledger


def hits(client: TestClient, kind: str = "transactions", **search: Any) -> list[str]:
    answer = client.post(f"/v1/{kind}/_search", json=search)
    assert answer.status_code == 200, answer.text
    return [hit["id"] for hit in answer.json()]


@pytest.mark.parametrize(
    ("must", "expected"),
    [
        ({"fields": [{"id": {"eq": "t2"}}]}, ["t2"]),
        ({"fields": [{"id": {"in": ["t1", "t4"]}}]}, ["t1", "t4"]),
        ({"fields": [{"id": {"like": "t%"}, "timestamp": {"gt": "2020-01-02 00:00:00.000"}}]}, ["t3", "t4"]),
        ({"fields": [{"id": {"notlike": "%1"}}, {"timestamp": {"lte": "2020-01-03"}}]}, ["t2", "t3"]),
        ({"fields": [{"data": {"eq": DOCUMENTS["t4"]}}]}, ["t4"]),
        ({"terms": [{"status": "ok"}]}, ["t1"]),
        ({"terms": [{"charge": 2000, "status": "zz"}]}, ["t2"]),
        ({"terms": [{"active": True}]}, ["t1"]),
        ({"terms": [{"months": "jan"}]}, ["t1"]),
        ({"terms": [{"months": ["feb"]}]}, ["t1"]),
        ({"terms": [{"products": {"qw": {"coupons": ["x001"]}}}]}, ["t2"]),
        ({"terms": [{"note": None}]}, ["t3"]),
        ({"terms": [{"christmas-offer": "x", "2020": 1}]}, ["t4"]),
        ({"ranges": [{"charge": {"gte": 200, "lt": 2001}}]}, ["t2", "t3"]),
        ({"ranges": [{"charge": {"in": [100, 2000]}}]}, ["t1", "t2"]),
        ({"ranges": [{"status": {"gte": "m", "lte": "p"}}]}, ["t1"]),
        ({"ranges": [{"status": {"nin": ["ok", "zz"]}}]}, ["t3"]),
        ({"ranges": [{"status": {"is": None}}]}, ["t4"]),
        ({"ranges": [{"status": {"isnot": None}, "charge": {"nin": [100]}}]}, ["t2", "t3"]),
        ({"ranges": [{"status": {"like": "%k"}}]}, ["t1"]),
        ({}, ["t1", "t2", "t3", "t4"]),
    ],
)
def test_conditions_select_what_they_say(filled: TestClient, must: dict[str, Any], expected: list[str]) -> None:
    assert hits(filled, query={"must": must}) == expected


def test_should_items_are_alternatives_and_must_items_are_not(filled: TestClient) -> None:
    should = {"terms": [{"status": "ok"}, {"status": "zz"}], "fields": [{"id": {"eq": "t4"}}]}
    assert hits(filled, query={"should": should}) == ["t1", "t2", "t4"]
    must = {"ranges": [{"charge": {"gt": 100}}]}
    assert hits(filled, query={"should": should, "must": must}) == ["t2"]


def test_accounts_are_searched_by_balance_and_data(filled: TestClient) -> None:
    assert filled.put("/v1/accounts", json={"id": "customer-2", "data": {"vip": True}}).status_code == 200
    assert hits(filled, "accounts", query={"must": {"fields": [{"balance": {"lt": 0}}]}}) == ["shop"]
    assert hits(filled, "accounts", query={"must": {"fields": [{"balance": {"gte": 2, "ne": 3}}]}}) == [
        "customer-2",
        "customer-4",
    ]
    answer = filled.post("/v1/accounts/_search", json={"query": {"must": {"terms": [{"vip": True}]}}})
    assert answer.json() == [{"id": "customer-2", "balance": 2, "data": {"vip": True}}]


def test_results_come_in_order_and_in_parts(filled: TestClient) -> None:
    assert hits(filled, sort_time="desc", size=3) == ["t4", "t3", "t2"]
    assert hits(filled, **{"from": 1, "size": 2}) == ["t2", "t3"]


@pytest.mark.parametrize(("kind", "order"), [("transactions", "asc"), ("transactions", "desc"), ("accounts", "asc")])
def test_pages_follow_each_other_without_gaps(filled: TestClient, kind: str, order: str) -> None:
    everything = hits(filled, kind, sort_time=order)
    collected: list[str] = []
    search: dict[str, Any] = {"size": 3, "sort_time": order}
    while True:
        answer = filled.post(f"/v1/{kind}/_search", json=search)
        collected += [hit["id"] for hit in answer.json()]
        if "X-Next-Cursor" not in answer.headers:
            break
        search["after"] = answer.headers["X-Next-Cursor"]
    assert collected == everything
    assert len(collected) == len(set(collected))


def test_a_page_has_a_default_size_and_a_limit(start: Any) -> None:
    ledger = start(ledger_page_size=2, ledger_page_limit=3)
    for name in "abcde":
        ledger.post("/v1/accounts", json={"id": name})
    assert hits(ledger, "accounts") == ["a", "b"]
    assert hits(ledger, "accounts", size=5) == ["a", "b", "c"]


INJECTION = "x') OR 1=1; DROP TABLE lines; --"


@pytest.mark.parametrize("mode", ["shared_ledger", "shared_strict"])
@pytest.mark.parametrize("clause", ["must", "should"])
@pytest.mark.parametrize("kind", ["terms", "ranges", "fields"])
def test_keys_and_values_never_become_sql(request: pytest.FixtureRequest, mode: str, clause: str, kind: str) -> None:
    client: TestClient = request.getfixturevalue(mode)
    item = {INJECTION: "1"} if kind == "terms" else {INJECTION: {"eq": INJECTION}}
    answer = client.post("/v1/transactions/_search", json={"query": {clause: {kind: [item]}}})
    assert answer.status_code in {200, 400}
    assert answer.status_code == 400 or answer.json() == []
    assert client.post("/v1/transactions", json={"id": "t", "lines": []}).status_code in {201, 202}


def test_conditions_hold_no_text_of_the_client() -> None:
    client = {
        "must": {"fields": [{"id": {"eq": "VALUE"}}], "terms": [{"KEY": "VALUE"}], "ranges": [{"KEY": {"lt": 1}}]}
    }
    where = Where("transactions", strict=False)
    condition = where.condition(Search.model_validate({"query": client}).query)
    assert "KEY" not in condition
    assert "VALUE" not in condition
    assert condition.count("%s") == len(where.parameters)


@pytest.mark.parametrize(
    "must",
    [
        {"fields": [{"password": {"eq": 1}}]},
        {"fields": [{"id": {"near": "x"}}]},
        {"fields": [{"balance": {"lt": 0}}]},  # transactions have none
        {"fields": [{"timestamp": {"gt": "yesterday-ish"}}]},
        {"ranges": [{"charge": {"gt": None}}]},
        {"ranges": [{"charge": {"gt": [1]}}]},
        {"ranges": [{"charge": {"in": []}}]},
        {"ranges": [{"charge": {"in": 5}}]},
        {"terms": [{"status": "\0"}]},
        {"terms": {"status": "ok"}},
    ],
)
def test_what_the_language_does_not_have_is_answered_with_400(filled: TestClient, must: dict[str, Any]) -> None:
    answer = filled.post("/v1/transactions/_search", json={"query": {"must": must}})
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("must", "index"),
    [
        ({"terms": [{"status": "needle"}]}, "transactions_data"),
        ({"fields": [{"timestamp": {"gte": "2020-01-01", "lt": "2020-01-01 00:01:00"}}]}, "transactions_time"),
        ({"fields": [{"id": {"eq": "t5"}}]}, "transactions_pkey"),
    ],
)
def test_searches_use_an_index(database: psycopg.Connection[Any], must: dict[str, Any], index: str) -> None:
    database.execute(
        "INSERT INTO transactions SELECT 't' || n, timestamp '2020-01-01' + n * interval '1 minute',"
        " jsonb_build_object('status', n), '[]' FROM generate_series(1, 20000) AS n"
    )
    database.execute("ANALYZE transactions")
    where = Where("transactions", strict=False)
    condition = where.condition(Search.model_validate({"query": {"must": must}}).query)
    query = f"EXPLAIN SELECT id FROM transactions WHERE {condition}"  # noqa: S608 (a condition without text of a client)
    plan = database.execute(query.encode(), where.parameters).fetchall()
    assert any(index in line for (line,) in plan), plan
