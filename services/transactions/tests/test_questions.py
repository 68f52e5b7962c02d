"""What the routes list and count, and how they ask the database."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from payments import transaction
from pymongo import MongoClient, monitoring
from servicekit.ferretdb import FerretServer
from servicekit.testing import PostgresServer, wait_until_ready
from starlette.testclient import TestClient
from transactions.models import masked
from transactions.queries import INDEXES
from transactions.samples import samples

Start = Callable[..., TestClient]


def numbers(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [int(entry["_id"].rpartition("-")[2]) for entry in answer.json()]


@pytest.mark.row("4.3")
@pytest.mark.row("4.13")
def test_the_transactions_of_the_last_days_newest_first(api: TestClient) -> None:
    assert numbers(api.get("/transactions/90")) == [1, 2, 3, 4, 5]
    assert numbers(api.get("/transactions/2")) == [1]
    assert numbers(api.get("/transactions/365")) == [1, 2, 3, 4, 5, 6]
    assert numbers(api.get("/transactions/0")) == []


@pytest.mark.row("4.3")
def test_a_transaction_is_shown_as_stored_but_for_its_card_number(api: TestClient, stored: Any) -> None:
    stored.update_one({"_id": transaction(1, days=1)["_id"]}, {"$set": {"cvc": "999"}})
    shown = api.get("/transactions/2").json()
    document = stored.find_one({"_id": shown[0]["_id"]})
    document.pop("cvc")
    assert shown == [{**document, "cardNumber": "************1234"}]
    assert "411111" not in api.get("/transactions/365").text


@pytest.mark.parametrize(
    ("number", "shown"),
    [("4111111111111234", "************1234"), ("123456789", "*****6789"), ("12345678", "********"), ("", "")],
)
def test_no_more_than_four_digits_of_a_card_are_shown(number: str, shown: str) -> None:
    assert masked(number) == shown


@pytest.mark.row("4.4")
@pytest.mark.parametrize(("card", "count"), [("Visa", 3), ("Amex", 1), ("Discover", 0), ("visa", 0)])
def test_transactions_of_a_card_are_counted(api: TestClient, card: str, count: int) -> None:
    assert api.get(f"/transactions/90/card/{card}").json() == {"count": count}


@pytest.mark.row("4.5")
@pytest.mark.parametrize(("code", "listed"), [("US", [1, 4, 5]), ("DE", [2, 3]), ("de", [2, 3]), ("FR", [])])
def test_transactions_of_a_country(api: TestClient, code: str, listed: list[int]) -> None:
    assert numbers(api.get(f"/transactions/90/country/{code}")) == listed


@pytest.mark.row("4.6")
@pytest.mark.parametrize("amounts", ["100.0/999.0", "100/999", "100/999.0"])
def test_transactions_between_amounts_that_count_themselves(api: TestClient, amounts: str) -> None:
    assert numbers(api.get(f"/transactions/90/amount/{amounts}")) == [1, 2, 4]


@pytest.mark.row("4.5")
@pytest.mark.row("4.6")
@pytest.mark.parametrize(
    "path",
    ["-1", "ninety", "36501", "90/country/USA", "90/country/U1", "90/amount/2/1", "90/amount/nan/1", "90/amount/1/inf",
     "90/amount/a/1", "90/card/Visa%00", "90?limit=0", "90?limit=1001", "90?after=nonsense"],
)  # fmt: skip
def test_what_is_no_question_is_400(api: TestClient, path: str) -> None:
    answer = api.get(f"/transactions/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.row("4.3")
@pytest.mark.parametrize(("path", "listed"), [("90", [1, 2, 3, 4, 5]), ("90/country/US", [1, 4, 5])])
def test_pages_are_the_list_in_parts(
    api: TestClient, stored: Any, path: str, listed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, after = [], None
    while True:
        answer = api.get(f"/transactions/{path}", params={"limit": 2, **({"after": after} if after else {})})
        parts.append(numbers(answer))
        if "x-next-cursor" not in answer.headers:
            break
        after = answer.headers["x-next-cursor"]
    assert parts == [listed[start : start + 2] for start in range(0, len(listed), 2)]
    monkeypatch.setattr("servicekit.pages.PART", 2)
    assert numbers(api.get(f"/transactions/{path}")) == listed


def test_transactions_of_one_moment_are_listed_once_each(start: Start, mongo_database: str, stored: Any) -> None:
    api = start(mongo_database)
    moment = transaction(0, days=1)["date"]
    stored.insert_many([{**transaction(number, days=1), "date": moment} for number in range(5)])
    first = api.get("/transactions/2?limit=2")
    rest = api.get("/transactions/2", params={"after": first.headers["x-next-cursor"]})
    assert [numbers(first), numbers(rest)] == [[4, 3], [2, 1, 0]]


def test_with_a_token_every_request_needs_it(start: Start, mongo_database: str) -> None:
    api = start(mongo_database, transactions_auth_token="t")
    assert api.get("/transactions/90").status_code == 401
    assert api.get("/transactions/90/card/Visa", headers={"Authorization": "Bearer t"}).json() == {"count": 0}


class Commands(monitoring.CommandListener):
    """What was asked of the database."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@pytest.mark.row("4.10")
@pytest.mark.parametrize(
    ("path", "condition"),
    [
        ("90", {}),
        ("90/country/us", {"countryOrigin": "US"}),
        ("90/amount/1/2", {"amount": {"$gte": 1.0, "$lte": 2.0}}),
        ("90/card/Visa", {"cardType": "Visa"}),
    ],
)
def test_the_database_filters(start: Start, mongo_database: str, path: str, condition: dict[str, Any]) -> None:
    commands = Commands()
    listeners = monitoring._LISTENERS.command_listeners
    listeners.append(commands)
    try:
        start(mongo_database).get(f"/transactions/{path}")
    finally:
        listeners.remove(commands)
    queries = [command for command in commands.sent if {"find", "aggregate"} & command.keys()]
    assert len(queries) == 1
    query = queries[0].get("filter") or queries[0]["pipeline"][0]["$match"]
    query.pop("date")
    assert query == condition


@pytest.mark.skipif("MONGODB_URL" not in os.environ, reason="FerretDB plans no queries; MONGODB_URL names a MongoDB")
@pytest.mark.parametrize(
    ("condition", "index"),
    [({}, "newest"), ({"amount": {"$gte": 1, "$lte": 2}}, "newest"), ({"countryOrigin": "US"}, "country_newest"),
     ({"cardType": "Visa"}, "card_newest")],
)  # fmt: skip
def test_every_question_has_an_index(
    start: Start, mongo_database: str, stored: Any, condition: dict[str, Any], index: str
) -> None:
    start(mongo_database)
    stored.insert_many(islice(samples(1, until=datetime.now(UTC), days=365), 2000))
    cursor = stored.find({**condition, "date": {"$gte": 0}})
    if "cardType" not in condition:  # those are counted, the others are listed
        cursor = cursor.sort([("date", -1), ("_id", -1)]).limit(10)
    assert f"'indexName': '{index}'" in str(cursor.explain()["queryPlanner"]["winningPlan"])


def test_the_indexes_are_made_at_the_start(api: TestClient, mongo_database: str) -> None:
    with MongoClient[dict[str, Any]](mongo_database) as client:
        for collection, indexes in INDEXES.items():
            present = client.get_default_database()[collection].index_information()
            assert present.keys() == {"_id_", *(index.document["name"] for index in indexes)}


@pytest.mark.row("4.8")
def test_while_the_database_is_down_every_route_says_so(start: Start, postgres: PostgresServer, ferretdb: Path) -> None:
    with FerretServer(ferretdb, postgres.create("ferretdb_transactions")) as server:
        api = start(server.url("opayo"), pool_wait_seconds=0.3)
        assert api.get("/transactions/90").json() == []
        server.kill()
        began = time.monotonic()
        for path in ("90", "90/card/Visa", "90/country/US", "90/amount/1/2"):
            answer = api.get(f"/transactions/{path}")
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert answer.headers["retry-after"] == "1"
            assert "database" in answer.json()["detail"]
        assert api.get("/livez").status_code == 200
        assert api.get("/readyz").status_code == 503
        assert time.monotonic() - began < 9, "clients wait for the database for longer than POOL_WAIT_SECONDS"
        server.start()
        wait_until_ready(api)
        assert api.get("/transactions/90").json() == []
