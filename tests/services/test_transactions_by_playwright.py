"""The routes of the transactions, asked with Playwright as the seed's author asked them, and with assertions."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import APIRequestContext, APIResponse, sync_playwright

from tests.support.processes import free_port, wait_for_answer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("playwright")]

NUMBER, DAYS = 300, 120
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Served:
    """`gw dev transactions`, filled by `tx`."""

    url: str
    process: subprocess.Popen[str]

    def end_database(self) -> None:
        """Kill what serves as MongoDB."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if child.name() == "ferretdb":
                child.kill()
                while child.status() != psutil.STATUS_ZOMBIE:  # until then it may answer
                    time.sleep(0.05)
                return
        raise AssertionError("no FerretDB runs")


@pytest.fixture(scope="module")
def served(checkout: Path) -> Iterator[Served]:
    tx, ferretdb = checkout / "services/.venv/bin/tx", checkout / ".groundwork/bin/ferretdb"
    if missing := [path.name for path in (tx, ferretdb) if not path.exists()]:
        pytest.skip(f"{' and '.join(missing)} missing; `tools/setup.sh services` installs them")
    port = free_port()
    command = [str(checkout / ".venv/bin/gw"), "dev", "transactions", "--port", str(port)]
    running = subprocess.Popen(command, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        assert running.stderr is not None
        database = next(line.partition("=")[2].strip() for line in running.stderr if line.startswith("DATABASE_URL="))
        wait_for_answer(f"{url}/readyz", running)
        fill = [str(tx), "populate", str(NUMBER), "--seed", "7", "--days", str(DAYS)]
        subprocess.run(fill, env={**os.environ, "DATABASE_URL": database}, check=True, capture_output=True)
        yield Served(url, running)
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)


@pytest.fixture(scope="module")
def api(served: Served) -> Iterator[APIRequestContext]:
    with sync_playwright() as playwright:
        context = playwright.request.new_context(base_url=served.url)
        yield context
        context.dispose()


def rows(answer: APIResponse) -> list[dict[str, Any]]:
    assert answer.ok, answer.text()
    assert answer.headers["content-type"].startswith("application/json")
    listed: list[dict[str, Any]] = answer.json()
    return listed


@pytest.fixture(scope="module")
def everything(api: APIRequestContext) -> list[dict[str, Any]]:
    return rows(api.get(f"/transactions/{DAYS + 1}"))


@pytest.mark.row("4.7")
def test_the_transactions_of_the_last_days(api: APIRequestContext, everything: list[dict[str, Any]]) -> None:
    assert len(everything) == NUMBER
    recent = rows(api.get("/transactions/60"))
    since = time.time() * 1000 - 60 * DAY_MS
    assert {row["_id"] for row in recent} == {row["_id"] for row in everything if row["date"] >= since}
    assert [row["date"] for row in recent] == sorted((row["date"] for row in recent), reverse=True)
    assert all(re.fullmatch(r"\*{8,}\d{4}", row["cardNumber"]) for row in everything)


@pytest.mark.row("4.7")
def test_the_number_of_a_cards_transactions(api: APIRequestContext, everything: list[dict[str, Any]]) -> None:
    cards = {row["cardType"] for row in everything}
    assert len(cards) > 1
    for card in cards:
        expected = sum(row["cardType"] == card for row in everything)
        assert api.get(f"/transactions/{DAYS + 1}/card/{card}").json() == {"count": expected}


@pytest.mark.row("4.7")
def test_the_transactions_of_a_country(api: APIRequestContext, everything: list[dict[str, Any]]) -> None:
    country = everything[0]["countryOrigin"]
    answered = rows(api.get(f"/transactions/{DAYS + 1}/country/{country.lower()}"))
    assert answered == [row for row in everything if row["countryOrigin"] == country]


@pytest.mark.row("4.7")
def test_the_transactions_between_two_amounts(api: APIRequestContext, everything: list[dict[str, Any]]) -> None:
    amounts = sorted(row["amount"] for row in everything)
    low, high = amounts[NUMBER // 4], amounts[NUMBER // 2]
    answered = rows(api.get(f"/transactions/{DAYS + 1}/amount/{low}/{high}"))
    assert answered == [row for row in everything if low <= row["amount"] <= high]


@pytest.mark.row("4.7")
@pytest.mark.parametrize(
    "path", ["/transactions/many", "/transactions/90/country/Germany", "/transactions/90/amount/9/1"]
)
def test_what_cannot_be_asked_is_a_problem_with_its_reason(api: APIRequestContext, path: str) -> None:
    answer = api.get(path)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"]


@pytest.mark.row("4.8")
def test_an_outage_of_the_database_is_a_problem_and_no_empty_list(api: APIRequestContext, served: Served) -> None:
    served.end_database()
    for path in ("/transactions/90", "/transactions/90/card/Visa", "/transactions/90/country/US", "/readyz"):
        answer = api.get(path, timeout=30_000)
        assert answer.status == 503, answer.text()
    assert api.get("/livez").status == 200
