"""`make audit`: pip-audit asks a server with OSV's API about every package of the locks, and nothing passes unasked."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import free_port

pytestmark = pytest.mark.slow


@contextmanager
def osv(vulnerable: str = "") -> Iterator[tuple[str, set[str]]]:
    """A server that answers as OSV documents `POST /v1/query`. Its URL, and what it was asked."""
    questions: set[str] = set()

    class Answers(BaseHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            pass

        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            questions.add(f"{query['package']['name']}=={query['version']}")
            vulnerabilities = [{"id": "GHSA-0000", "summary": "lets everybody in", "affected": []}]
            answer = json.dumps({"vulns": vulnerabilities} if query["package"]["name"] == vulnerable else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query", questions
    finally:
        server.shutdown()
        server.server_close()


def audit(checkout: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "OSV_URL": url, "NO_PROXY": "127.0.0.1"}
    command = ["tools/audit.sh", *words]
    return subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True, check=False)


def test_every_package_of_both_locks_is_asked_about_and_a_finding_ends_it(checkout: Path) -> None:
    with osv(vulnerable="starlette") as (url, questions):
        done = audit(checkout, url)
    assert done.returncode == 1
    assert "GHSA-0000" in done.stdout
    assert "services.txt" in done.stderr.splitlines()[-2]
    assert "Pipfile.lock" not in done.stderr.splitlines()[-2]
    lock = json.loads((checkout / "Pipfile.lock").read_text())
    pinned = {
        f"{name}{about['version']}"
        for key in lock
        if key != "_meta"
        for name, about in lock[key].items()
        if "version" in about
    }
    assert len({name.partition("==")[0] for name in pinned} - {name.partition("==")[0] for name in questions}) < 5, (
        "markers"
    )
    with osv(vulnerable="starlette") as (url, _):
        assert audit(checkout, url, "--ignore-vuln", "GHSA-0000").returncode == 0


def test_a_server_that_does_not_answer_is_no_pass(checkout: Path) -> None:
    done = audit(checkout, f"http://127.0.0.1:{free_port()}/v1/query")
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
    assert "error: not known to be without vulnerabilities" in done.stderr
