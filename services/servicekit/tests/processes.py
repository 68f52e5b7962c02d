"""Services as processes, on ports of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from servicekit.testing import free_port


def program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def environment(**variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "LEDGER_AUTH_TOKEN": "t", **variables}


@contextmanager
def serving(service: str, url: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    values = environment(DATABASE_URL=url, PORT=str(port), **variables)
    process = subprocess.Popen([program(service), "serve"], env=values, stdout=subprocess.PIPE, text=True)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def wait_for(address: str, status: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/readyz").status_code == status:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{address} did not answer {status}; the process ended with {process.poll()}")
