"""Measures a ledger: posts, balance reads and searches, and what they cost its processor.

    services/.venv/bin/python services/ledger/bench/bench.py [--clients 1 8 32] [--seconds 2] [--rows 10000 100000]

Server, database (fsync on) and clients share this machine and its loopback: figures compare ways, not machines.
`--program FILE` measures another server that reads QLedger's environment variables, from the folder of its migrations.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
from servicekit.load import Client, Request, processor_seconds, send
from servicekit.testing import PostgresServer, free_port

TOKEN = "bench"  # noqa: S105 (of a server that lives for seconds)
ACCOUNTS = 1000


def transaction(number: int) -> dict[str, Any]:
    amount = number % 1000 + 1
    lines = [
        {"account": f"account-{number * 7 % ACCOUNTS}", "delta": -amount},
        {"account": f"account-{(number * 13 + 1) % ACCOUNTS}", "delta": amount},
    ]
    data = {"status": f"s{number % 10}", "charge": number % 100, "reference": f"r{number}"}
    return {"id": f"t{number}", "lines": lines, "data": data}


def searches(rows: int) -> dict[str, tuple[str, dict[str, Any]]]:
    day = "2020-01-01 0{}:00:00.000"
    window = {"gte": day.format(1), "lt": day.format(2)}
    return {
        "by id": ("transactions", {"must": {"fields": [{"id": {"eq": f"t{rows // 2}"}}]}}),
        "terms, 1 hit": ("transactions", {"must": {"terms": [{"reference": f"r{rows // 2}"}]}}),
        "terms, 10 % hits": ("transactions", {"must": {"terms": [{"status": "s3"}]}}),
        "range, 1 % hits": ("transactions", {"must": {"ranges": [{"charge": {"gte": 99}}]}}),
        "time window": ("transactions", {"must": {"fields": [{"timestamp": window}]}}),
        "balance < 0": ("accounts", {"must": {"fields": [{"balance": {"lt": 0}}]}}),
    }


@contextmanager
def serving(url: str, program: list[str], folder: Path | None, variables: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A server on the database of `url`: its port and process id."""
    port = free_port()
    values = {**os.environ, "DATABASE_URL": f"{url}?sslmode=disable", "LEDGER_AUTH_TOKEN": TOKEN, "PORT": str(port)}
    values |= {"HOST": "127.0.0.1", **variables}
    process = subprocess.Popen(program, env=values, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                probe = {"id": "probe"}
                answer = httpx.put(f"http://127.0.0.1:{port}/v1/accounts", json=probe, headers={"Authorization": TOKEN})
                if answer.status_code == 404:  # the schema is in place
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def load(port: int, process: int, clients: int, seconds: float, requests: Iterator[Request]) -> str:
    """Send requests from several connections; returns a line of figures."""
    before = processor_seconds(process)
    times, failures, took = asyncio.run(send(port, TOKEN, requests, clients=clients, seconds=seconds))
    used = processor_seconds(process) - before
    quantiles = statistics.quantiles(times, n=100)
    return (
        f"{len(times) / took:7.0f}/s  p50 {quantiles[49] * 1000:6.1f}  p99 {quantiles[98] * 1000:6.1f} ms"
        f"  processor {used / len(times) * 1000:5.2f} ms/request" + (f"  {failures} failed" if failures else "")
    )


async def search_times(port: int, process: int, kind: str, query: dict[str, Any], repeats: int = 9) -> str:
    client = await Client(port, TOKEN).open()
    request = Request("POST", f"/v1/{kind}/_search", {"query": query})
    times = []
    before = processor_seconds(process)
    for _ in range(repeats):
        began = time.perf_counter()
        assert await client.send(request) == 200
        times.append(time.perf_counter() - began)
    used = processor_seconds(process) - before
    client.close()
    return f"p50 {statistics.median(times) * 1000:7.1f} ms  processor {used / repeats * 1000:6.1f} ms/request"


def fill(url: str, rows: int, *, own: bool) -> None:
    """Transactions as `transaction` makes them, spread over a day; without triggers, which would take a minute."""
    numbers = "generate_series((SELECT count(*) FROM transactions) + 1, %(rows)s) AS n"
    moment = "timestamp '2020-01-01' + n * interval '24 hours' / %(rows)s"
    data = "jsonb_build_object('status', 's' || n %% 10, 'charge', n %% 100, 'reference', 'r' || n)"
    source, target, amount = "'account-' || n * 7 %% 1000", "'account-' || (n * 13 + 1) %% 1000", "(n %% 1000 + 1)"
    line = "json_build_object('account', {}, 'delta', {})"
    lines = f"json_build_array({line.format(source, '-' + amount)}, {line.format(target, amount)})"
    new = "WHERE substr(id, 2)::int > (SELECT count(*) / 2 FROM lines)"
    statements = ["SET session_replication_role = replica"]
    if own:
        statements += [
            f"INSERT INTO transactions SELECT 't' || n, {moment}, {data}, {lines} FROM {numbers}",
            "INSERT INTO lines SELECT id, place, line ->> 'account', \"timestamp\", (line ->> 'delta')::bigint"
            f" FROM transactions, json_array_elements(lines) WITH ORDINALITY AS line (line, place) {new}",
            "DELETE FROM balances",
            "INSERT INTO balances SELECT account_id, 0, sum(delta) FROM lines GROUP BY account_id",
        ]
    else:
        statements += [
            f"INSERT INTO transactions (id, timestamp, data) SELECT 't' || n, {moment}, {data} FROM {numbers}",
            f"INSERT INTO lines (transaction_id, account_id, delta) SELECT id, account, delta FROM transactions,"
            f" LATERAL (SELECT substr(id, 2)::int AS n) AS number,"
            f" LATERAL (VALUES ({source}, -{amount}), ({target}, {amount})) AS line (account, delta) {new}",
        ]
    statements += [
        "INSERT INTO accounts (id) SELECT DISTINCT account_id FROM lines ON CONFLICT DO NOTHING",
        "VACUUM ANALYZE",
    ]
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode(), {"rows": rows})


def main() -> None:
    """Print a line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--program", type=Path)
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    own = options.program is None
    program = [str(Path(sys.executable).parent / "ledger"), "serve"] if own else [str(options.program)]
    folder = None if own else options.program.parent
    variables = {"LOG_LEVEL": "WARNING", "LEDGER_STRICT": str(options.strict).lower()}
    with PostgresServer(fsync=True) as server:
        url = server.create("bench")
        with serving(url, program, folder, variables) as (port, process):
            numbers = itertools.count(10_000_000)
            posts = (Request("POST", "/v1/transactions", transaction(number)) for number in numbers)
            accounts = (f"account-{number % ACCOUNTS}" for number in itertools.count())
            reads = (
                Request("GET", "/v1/accounts", {"query": {"must": {"fields": [{"id": {"eq": account}}]}}})
                for account in accounts
            )
            for clients in options.clients:
                print(
                    f"posts, {clients:2} clients      ",
                    load(port, process, clients, options.seconds, posts),
                )
            print("balance reads, 8 clients", load(port, process, 8, options.seconds, reads))
        url = server.create("searched")
        with serving(url, program, folder, variables) as (port, process):
            for rows in options.rows:
                fill(url, rows, own=own)
                for name, (kind, query) in searches(rows).items():
                    figures = asyncio.run(search_times(port, process, kind, query))
                    print(f"search, {rows:6} transactions: {name:17}", figures)


if __name__ == "__main__":
    main()
