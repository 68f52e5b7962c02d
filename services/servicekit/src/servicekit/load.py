"""Sends services a bounded load on loopback: how many answers, how quickly, at what cost, and whether one failed.

    python -m servicekit.load ledger users --clients 8 --seconds 3 --ferretdb .groundwork/bin/ferretdb

Each service runs as in its image, in one process, on a database of its own (servicekit.dev), which does not wait for
the disk. Its module `<service>.traffic` says what is sent. Servers, databases and clients share the machine: figures
compare ways, not machines. Exit codes: 1 where a request failed, 2 for a name without a service, 3 where a database is
missing.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from servicekit.dev import has, variables_for
from servicekit.dev import load as service_of
from servicekit.testing import free_port

MOST_CLIENTS, LONGEST = 64, 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Request:
    """What is sent; without a body where that is None."""

    method: str
    path: str
    body: Any = None


@dataclass(frozen=True)
class Traffic:
    """One row of the table: the requests by their number, from 0 up."""

    name: str
    request: Callable[[int], Request]

    @classmethod
    def same(cls, name: str, method: str, path: str) -> Traffic:
        """One request again and again, without a body."""
        return cls(name, lambda _number: Request(method, path))


@dataclass(frozen=True)
class Figures:
    """What a service made of its traffic. Times are of answers, from a connection that stays open."""

    service: str
    traffic: str
    answers: int
    failed: int
    per_second: float
    median_ms: float
    p99_ms: float
    processor_ms: float
    """Of the service's process, per request."""
    memory_mb: float
    """Of the same process, at the end."""


class Client:
    """A connection that stays open, on a raw socket: a client library would take more time than the server."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = f"Authorization: Bearer {token}\r\n" if token else ""

    async def open(self) -> Client:
        """Connect to loopback."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def send(self, request: Request) -> int:
        """Send a request and read the whole answer; returns the status."""
        content = b"" if request.body is None else json.dumps(request.body).encode()
        head = f"{request.method} {request.path} HTTP/1.1\r\nHost: load\r\n{self._token}"
        kind = "Content-Type: application/json\r\n" if content else ""
        self._writer.write(f"{head}{kind}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if b"transfer-encoding: chunked" in answer:
            while size := int(await self._reader.readline(), 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readline()
        elif b"content-length: " in answer:
            await self._reader.readexactly(int(answer.split(b"content-length: ")[1].split(b"\r")[0]))
        return int(answer.split()[1])

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="servicekit.load", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("services", nargs="+", help="packages with a module `traffic`, such as ledger")
    parser.add_argument("--clients", type=_within(1, MOST_CLIENTS), default=8, help=f"at once, {MOST_CLIENTS} at most")
    parser.add_argument("--seconds", type=_within(0, LONGEST), default=3, help=f"per row, {LONGEST:g} at most")
    parser.add_argument("--ferretdb", type=Path, help="the program that serves as MongoDB")
    parser.add_argument("--json", action="store_true", help="print a list of objects instead of a table")
    options = parser.parse_args(arguments)
    for name in options.services:
        if not (has(name) and has(f"{name}.traffic")):
            sys.stderr.write(f"error: {name} is not a service with a module `traffic`\n")
            return 2
    rows: list[Figures] = []
    missing = False
    for name in options.services:
        try:
            rows += measure(name, clients=int(options.clients), seconds=options.seconds, ferretdb=options.ferretdb)
        except FileNotFoundError as error:
            sys.stderr.write(f"error: {name} is not measured: {error}\n")
            missing = True
    sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n" if options.json else table(rows))
    if any(row.failed for row in rows):
        return 1
    return 3 if missing else 0


def measure(name: str, *, clients: int, seconds: float, ferretdb: Path | None) -> list[Figures]:
    """The rows of one service. Raises FileNotFoundError where its database is not installed."""
    service, traffic = service_of(name), importlib.import_module(f"{name}.traffic")
    with ExitStack() as stack:
        variables = variables_for(service, {}, stack, mongodb=False, ferretdb=ferretdb)
        variables |= getattr(traffic, "VARIABLES", {})
        token = variables.get(f"{name.upper()}_AUTH_TOKEN", "")
        port, process = stack.enter_context(_serving(name, variables))
        if prepare := getattr(traffic, "prepare", None):
            prepare(f"http://127.0.0.1:{port}", variables)
        rows = []
        for each in traffic.TRAFFIC:
            requests = map(each.request, itertools.count())
            before = processor_seconds(process)
            times, failed, took = asyncio.run(send(port, token, requests, clients=clients, seconds=seconds))
            used = processor_seconds(process) - before
            cuts = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
            rows.append(
                Figures(
                    name, each.name, len(times), failed, len(times) / took, cuts[49] * 1000, cuts[98] * 1000,
                    used / len(times) * 1000, _memory(process),
                )
            )  # fmt: skip
        return rows


async def send(
    port: int, token: str, requests: Iterator[Request], *, clients: int, seconds: float
) -> tuple[list[float], int, float]:
    """The seconds of each answer, how many had a status from 400 up, and how long it took; each client sends one."""
    times: list[float] = []
    failed = 0
    began = time.perf_counter()

    async def work() -> None:
        nonlocal failed
        client = await Client(port, token).open()
        try:
            while True:
                sent = time.perf_counter()
                status = await client.send(next(requests))
                times.append(time.perf_counter() - sent)
                failed += status >= 400
                if time.perf_counter() - began >= seconds:
                    return
        finally:
            client.close()

    await asyncio.gather(*(work() for _ in range(clients)))
    return times, failed, time.perf_counter() - began


def processor_seconds(process: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def table(rows: Sequence[Figures]) -> str:
    """The rows for people, within 80 columns."""
    lines = ["service       traffic            answers failed     /s  p50 ms  p99 ms  CPU ms    MB"]
    lines += [
        f"{row.service:13} {row.traffic:18} {row.answers:7} {row.failed:6} {row.per_second:6.0f} {row.median_ms:7.1f}"
        f" {row.p99_ms:7.1f} {row.processor_ms:7.2f} {row.memory_mb:5.0f}"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def _serving(name: str, variables: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """The service after its migrations: its port and process id. Raises RuntimeError where it does not start."""
    port = free_port()
    own = {"SERVICE": name, "HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "WARNING", **variables}
    environ = {"PATH": os.environ.get("PATH", os.defpath), **own}
    command = [sys.executable, "-m", "servicekit"]
    subprocess.run([*command, "migrate"], env=environ, check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([*command, "serve"], env=environ, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _is_ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not become ready; see the lines above")
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _memory(process: int) -> float:
    """Resident, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def _within(least: float, most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        if not least <= (value := float(text)) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
        return value

    return number


if __name__ == "__main__":
    raise SystemExit(main())
