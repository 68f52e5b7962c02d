"""A service for its developer: database, secrets, reload, and nothing left after Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest
from ledger import main as ledger_main
from processes import wait_for
from servicekit.testing import free_port


@contextmanager
def developing(service: str, *options: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The process, its address, and the lines that it printed so far."""
    port, lines = free_port(), list[str]()
    command = [sys.executable, "-m", "servicekit.dev", service, "--port", str(port), *options]
    environ = {"PATH": os.environ["PATH"], **variables}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    stderr = process.stderr
    reader = Thread(target=lambda: lines.extend(iter(stderr.readline, "")), daemon=True)
    reader.start()
    try:
        yield process, f"http://127.0.0.1:{port}", lines
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        reader.join(5)


def token(lines: list[str], variable: str) -> str:
    match = re.search(rf"^{variable}=(.+)$", "".join(lines), re.MULTILINE)
    assert match, lines
    return match[1]


@pytest.mark.row("1.20")
def test_a_service_has_a_database_and_the_secrets_that_it_requires() -> None:
    with developing("ledger") as (process, address, lines):
        wait_for(address, 200, process)
        headers = {"Authorization": token(lines, "LEDGER_AUTH_TOKEN")}
        assert httpx.get(f"{address}/v1/accounts/nobody", headers=headers).status_code == 404
        assert httpx.get(f"{address}/v1/accounts/nobody").status_code == 401
        started = descendants(process.pid)
        assert any("postgres" in command for command in started.values())
    deadline = time.monotonic() + 30
    while left := [pid for pid in started if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_a_change_of_the_code_is_served_without_a_start_by_hand() -> None:
    source = Path(ledger_main.__file__)
    with developing("ledger") as (process, address, _):
        wait_for(address, 200, process)
        before = serving_process(process)
        deadline = time.monotonic() + 60
        while serving_process(process) in {before, 0}:
            assert time.monotonic() < deadline
            source.touch()
            time.sleep(1)
        wait_for(address, 200, process)


def descendants(pid: int) -> dict[int, str]:
    """Number → command of every process that a process started, directly or not."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    family = {pid}
    for _ in range(5):
        family |= {int(row[0]) for row in rows if int(row[1]) in family}
    return {int(row[0]): row[2] for row in rows if int(row[0]) in family - {pid}}


def serving_process(process: subprocess.Popen[str]) -> int:
    """The child that serves, which uvicorn spawns; 0 until it has started."""
    return next((pid for pid, command in descendants(process.pid).items() if "spawn_main" in command), 0)


def test_the_market_takes_its_coins_from_memory_without_a_key() -> None:
    with developing("market") as (process, address, _):
        wait_for(address, 200, process)
        assert httpx.post(f"{address}/populate").status_code == 200
        assert httpx.get(f"{address}/coins?limit=1").json()


def test_a_database_that_is_named_is_used(empty_database: str) -> None:
    with developing("users", DATABASE_URL=empty_database) as (process, address, lines):
        wait_for(address, 200, process)
        assert "DATABASE_URL=" not in "".join(lines)
        assert httpx.get(f"{address}/users").status_code == 200


def test_the_transactions_have_a_mongodb(ferretdb: Path) -> None:
    with developing("transactions", "--ferretdb", str(ferretdb)) as (process, address, lines):
        wait_for(address, 200, process)
        assert token(lines, "DATABASE_URL").startswith("mongodb://")
        assert httpx.get(f"{address}/transactions/90").json() == []


@pytest.mark.parametrize(("service", "message"), [("ledgr", "is not a service"), ("servicekit", "is not a service")])
def test_an_unknown_service_is_refused(service: str, message: str) -> None:
    with developing(service) as (process, _, lines):
        assert process.wait(30) == 2
    assert message in "".join(lines)
