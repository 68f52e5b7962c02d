"""Posting: what is new, what repeats, what conflicts, and what no client can do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger.main import SERVICE
from ledger.settings import LedgerSettings
from ledgers import TOKEN, client_of
from starlette.testclient import TestClient

PAYMENT = {
    "id": "abcd1234",
    "lines": [{"account": "alice", "delta": -100}, {"account": "bob", "delta": 100}],
}


def balances(client: TestClient) -> dict[str, int]:
    return {account["id"]: account["balance"] for account in client.post("/v1/accounts/_search", json={}).json()}


@pytest.mark.row("3.14")
def test_the_requests_of_the_seed_give_the_answers_of_the_seed(ledger: TestClient) -> None:
    for account in ("alice", "bob"):
        assert ledger.post("/v1/accounts", content=f'{{"id": "{account}", "balance": 5}}').status_code == 201
    form = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl -d sends
    posted = ledger.post("/v1/transactions", json=PAYMENT, headers=form)
    assert (posted.status_code, posted.content) == (201, b"")
    transactions = ledger.post("/v1/transactions/_search", json={"id": "abcd1234"}).json()
    assert [(hit["id"], hit["data"], hit["lines"]) for hit in transactions] == [("abcd1234", {}, PAYMENT["lines"])]
    assert balances(ledger) == {"alice": -100, "bob": 100}


def test_a_repeat_is_accepted_and_changes_nothing(ledger: TestClient) -> None:
    assert ledger.post("/v1/transactions", json=PAYMENT).status_code == 201
    repeat = {**PAYMENT, "lines": PAYMENT["lines"][::-1], "data": {"note": "again"}}
    assert ledger.post("/v1/transactions", json=repeat).status_code == 202
    assert ledger.get("/v1/transactions/abcd1234").json()["data"] == {}
    assert balances(ledger) == {"alice": -100, "bob": 100}


def test_the_same_id_with_other_lines_is_a_conflict(ledger: TestClient) -> None:
    assert ledger.post("/v1/transactions", json=PAYMENT).status_code == 201
    conflict = ledger.post("/v1/transactions", json={**PAYMENT, "lines": []})
    assert (conflict.status_code, conflict.headers["content-type"]) == (409, "application/problem+json")
    assert conflict.json()["detail"] == "Transaction abcd1234 exists with other lines"


@pytest.mark.parametrize(
    "lines",
    [
        [{"account": "alice", "delta": 1}],
        [{"account": account, "delta": 2**62} for account in "abcd"],  # wraps to 0 in 64 bits
        [{"account": "alice", "delta": 2**63}, {"account": "bob", "delta": -(2**63)}],
        [{"account": "alice", "delta": 1.5}, {"account": "bob", "delta": -1.5}],
        [{"account": "alice", "delta": "1"}, {"account": "bob", "delta": "-1"}],
        [None],
    ],
)
def test_lines_that_do_not_balance_or_are_no_int64_are_refused(ledger: TestClient, lines: list[Any]) -> None:
    assert ledger.post("/v1/transactions", json={"id": "t", "lines": lines}).status_code == 400
    assert ledger.post("/v1/transactions/_search", json={}).json() == []


def test_a_balance_may_exceed_64_bits(ledger: TestClient) -> None:
    largest = 2**63 - 1
    for number in range(3):
        lines = [{"account": "rich", "delta": largest}, {"account": "poor", "delta": -largest}]
        assert ledger.post("/v1/transactions", json={"id": f"t{number}", "lines": lines}).status_code == 201
    assert ledger.get("/v1/accounts/rich").json()["balance"] == 3 * largest


def test_a_balance_is_that_of_a_time(ledger: TestClient) -> None:
    for day in (1, 2, 3):
        body = {**PAYMENT, "id": f"t{day}", "timestamp": f"2020-01-0{day} 00:00:00.000"}
        assert ledger.post("/v1/transactions", json=body).status_code == 201
    expected = [
        (None, 300),
        ("2020-01-02 00:00:00.000", 200),
        ("2020-01-01T23:59:59.999Z", 100),
        ("2019-12-31 00:00:00.000", 0),
        ("2020-01-03T01:00:00+02:00", 200),
    ]
    for on, amount in expected:
        answer = ledger.post("/v1/balance", json={"account_id": "bob", "on": on})
        assert answer.json() == {"account_id": "bob", "on": on, "balance": amount}
    assert ledger.post("/v1/balance", json={"account_id": "nobody"}).status_code == 404


def test_data_can_change_and_what_was_posted_cannot(ledger: TestClient) -> None:
    ledger.post("/v1/transactions", json={**PAYMENT, "data": {"status": "open"}})
    before = ledger.get("/v1/transactions/abcd1234").json()
    change = {"id": "abcd1234", "lines": [], "timestamp": "2001-01-01 00:00:00.000", "data": {"status": "paid"}}
    assert ledger.put("/v1/transactions", json=change).status_code == 200
    assert ledger.get("/v1/transactions/abcd1234").json() == {**before, "data": {"status": "paid"}}
    assert ledger.put("/v1/transactions", json={"id": "abcd1234"}).status_code == 200
    assert ledger.get("/v1/transactions/abcd1234").json()["data"] == {}
    assert ledger.put("/v1/transactions", json={"id": "unknown"}).status_code == 404


@pytest.fixture(scope="module")
def paid(migrated: Callable[[str], str]) -> Iterator[tuple[TestClient, str]]:
    """A ledger with one payment, and the address of its database."""
    url = migrated("ledger")
    with client_of(url) as ledger:
        ledger.post("/v1/transactions", json=PAYMENT)
        yield ledger, url


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transactions SET lines = '[]'",
        'UPDATE transactions SET "timestamp" = now()',
        "UPDATE transactions SET id = 'other'",
        "DELETE FROM transactions",
        "TRUNCATE transactions CASCADE",
        "UPDATE lines SET delta = 0",
        "DELETE FROM lines",
        "TRUNCATE lines",
        "INSERT INTO lines VALUES ('abcd1234', 9, 'alice', now(), 5)",
        "UPDATE balances SET amount = 0",
        "DELETE FROM balances",
        "INSERT INTO balances VALUES ('alice', 99, 5)",
        "INSERT INTO transactions VALUES ('t', now(), '{}', '[{\"account\": \"alice\", \"delta\": 5}]')",
        "INSERT INTO transactions VALUES ('t', now(), '{}', '[{\"account\": null, \"delta\": 0}]')",
    ],
)
def test_the_database_refuses_what_a_ledger_never_does(paid: tuple[TestClient, str], statement: str) -> None:
    ledger, url = paid
    with psycopg.connect(url) as connection, pytest.raises(psycopg.IntegrityError):
        connection.execute(statement.encode())
    assert balances(ledger) == {"alice": -100, "bob": 100}


def concurrently(url: str, requests: list[dict[str, Any]]) -> list[int]:
    """Statuses of posts that start together, half of them to a second process' worth of the service."""

    async def run() -> list[int]:
        values = LedgerSettings(database_url=url, ledger_auth_token=TOKEN, migrate_on_start=False)
        applications = [SERVICE.application(values) for _ in range(2)]
        clients = [
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://ledger", headers={"Authorization": TOKEN}
            )
            for app in applications
        ]
        async with AsyncExitStack() as stack:
            for app in applications:
                await stack.enter_async_context(app.router.lifespan_context(app))
            posts = [clients[n % 2].post("/v1/transactions", json=body) for n, body in enumerate(requests)]
            return [answer.status_code for answer in await asyncio.gather(*posts)]

    return asyncio.run(run())


def test_identical_concurrent_posts_make_one_transaction(url: str, ledger: TestClient) -> None:
    statuses = concurrently(url, [PAYMENT] * 40)
    assert (statuses.count(201), statuses.count(202)) == (1, 39)
    assert balances(ledger) == {"alice": -100, "bob": 100}


def test_of_concurrent_posts_that_differ_one_wins_and_the_others_conflict(url: str, ledger: TestClient) -> None:
    def payment(amount: int) -> dict[str, Any]:
        lines = [{"account": "alice", "delta": -amount}, {"account": "bob", "delta": amount}]
        return {"id": "contested", "lines": lines}

    statuses = concurrently(url, [payment(number + 1) for number in range(30)])
    assert (statuses.count(201), statuses.count(409)) == (1, 29)
    assert sum(balances(ledger).values()) == 0


def test_posts_that_cross_never_wait_for_each_other_in_a_circle(url: str, ledger: TestClient) -> None:
    names = [f"account-{number}" for number in range(6)]
    requests = [
        {"id": f"t{number}", "lines": [{"account": name, "delta": 5 - 2 * place} for place, name in enumerate(order)]}
        for number in range(60)
        for order in [names[number % 6 :] + names[: number % 6]]
    ]
    assert set(concurrently(url, requests)) == {201}
    assert sum(balances(ledger).values()) == 0


LINES = st.lists(
    st.fixed_dictionaries(
        {
            "account": st.sampled_from(["a", "b", "é", ""]),
            "delta": st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2),
        }
    ),
    max_size=4,
)
CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["t1", "t2", "t3", "t4"]),
            "lines": LINES,
            "balanced": st.booleans(),
            "put": st.booleans(),
        }
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CALLS)
def test_the_sum_of_all_balances_is_0_whatever_clients_do(
    ledger: TestClient, database: psycopg.Connection[Any], calls: list[dict[str, Any]]
) -> None:
    for call in calls:
        lines = call["lines"]
        if call["balanced"] and lines:
            lines = [*lines[1:], {"account": "rest", "delta": -sum(line["delta"] for line in lines[1:])}]
        ledger.request("PUT" if call["put"] else "POST", "/v1/transactions", json={"id": call["id"], "lines": lines})
    assert sum(balances(ledger).values()) == 0
    stored = database.execute(
        "SELECT count(*) FROM (SELECT account_id, sum(delta) AS total FROM lines GROUP BY 1) AS line"
        " FULL JOIN (SELECT account_id, sum(amount) AS total FROM balances GROUP BY 1) AS balance USING (account_id)"
        " WHERE line.total IS DISTINCT FROM balance.total"
    ).fetchone()
    assert stored == (0,)
