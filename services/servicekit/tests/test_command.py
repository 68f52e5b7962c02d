"""The command of a service, as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from threading import Thread

import httpx
import psycopg
import pytest
from processes import environment, program, serving, wait_for


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [program("ledger"), *arguments]
    return subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.row("3.18")
@pytest.mark.row("2.3")
def test_a_missing_secret_ends_the_start_and_is_named() -> None:
    done = run("serve", DATABASE_URL="postgresql://u:hidden@h/d", LEDGER_AUTH_TOKEN="", PORT="x")
    assert done.returncode == 2
    assert "environment variable LEDGER_AUTH_TOKEN" in done.stderr
    assert "environment variable PORT" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.row("0.7")
def test_migrate_brings_the_schema_and_ends(empty_database: str) -> None:
    assert run("migrate", DATABASE_URL=empty_database).returncode == 0
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM transactions").fetchone() == (0,)


def test_migrate_reports_a_database_that_does_not_answer() -> None:
    done = run("migrate", "--wait", "0.2", DATABASE_URL="postgresql://u@127.0.0.1:1/d")
    assert done.returncode == 3
    assert "error: the database did not answer within 0.2 s" in done.stderr


def test_a_stop_finishes_what_was_begun_and_drains_first(empty_database: str) -> None:
    with serving("ledger", empty_database, DRAIN_SECONDS="1") as (process, address):
        wait_for(address, 200, process)
        with (
            psycopg.connect(empty_database) as blocker,
            httpx.Client(base_url=address, headers={"Authorization": "t"}) as api,
        ):
            blocker.execute("LOCK TABLE accounts")
            answers: list[httpx.Response] = []
            pending = Thread(target=lambda: answers.append(api.post("/v1/accounts", json={"id": "a"})))
            pending.start()
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            wait_for(address, 503, process)
            assert httpx.get(f"{address}/ping").status_code == 200
            time.sleep(1.2)
            blocker.rollback()
            pending.join()
        assert [answer.status_code for answer in answers] == [201]
        process.wait(20)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{address}/ping")


LIFE = """
import asyncio
from ledger.main import SERVICE

async def live():
    app = SERVICE.application(SERVICE.settings())
    async with app.router.lifespan_context(app):
        await asyncio.sleep(1)

asyncio.run(live())
"""


def test_an_application_whose_database_never_came_ends() -> None:
    values = environment(DATABASE_URL="postgresql://u@127.0.0.1:1/d", LOG_LEVEL="ERROR")
    subprocess.run([sys.executable, "-c", LIFE], env=values, timeout=30, check=True)
