"""A write is in a file before its answer leaves, so that a kill of the server loses none."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from localcloud.aws.app import Application
from localcloud.aws.identity import Caller
from localcloud.aws.journal import Journal, Record
from localcloud.aws.routing import Request, Response, Route, Router

CALLER = Caller(account="000000000000", principal_arn="arn:aws:iam::000000000000:root")


def record(sequence: int, body: bytes = b"state") -> Record:
    return Record(sequence, "PUT", "/state/key", {"host": "s3"}, body, CALLER)


def test_no_write_waits_for_the_disk_and_a_save_brings_all_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes: list[int] = []
    monkeypatch.setattr(os, "fsync", flushes.append)
    journal = Journal(tmp_path)
    journal.append(record(1))
    journal.cut()
    journal.append(record(2))
    assert not flushes
    journal.flush()
    journal.flush()
    assert len(flushes) == 1


@pytest.mark.parametrize("body", [b"", b"a b\nc", bytes(range(256))])
def test_a_record_reads_back_as_it_was_written(tmp_path: Path, body: bytes) -> None:
    journal = Journal(tmp_path)
    journal.append(record(1, body))
    assert list(Journal(tmp_path).records(after=0)) == [record(1, body)]


@pytest.mark.parametrize(
    ("place", "lost", "left"),
    [
        ("/state/key 2", "record 2", [1, 3]),
        ("body 2", "record 2", [1, 3]),
        ("/state/key 3", "record 3", [1, 2]),
        ("body 1\n", "record 1", [2, 3]),
    ],
)
def test_a_damaged_byte_costs_one_record(tmp_path: Path, place: str, lost: str, left: list[int]) -> None:
    journal = Journal(tmp_path)
    for sequence in (1, 2, 3):
        written = record(sequence, f"body {sequence}\nsecond line".encode())
        journal.append(replace(written, target=f"/state/key {sequence}"))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes().replace(place.encode(), place.replace("y", "X").encode()))
    damage: list[str] = []
    assert [each.sequence for each in Journal(tmp_path).records(after=0, on_damage=damage.append)] == left
    assert damage == [f"{file}: {lost} is damaged; this write to S3 or DynamoDB is lost"]


@settings(max_examples=60)
@given(st.data())
def test_a_journal_torn_anywhere_gives_the_records_before(data: st.DataObject) -> None:
    bodies = data.draw(st.lists(st.binary(max_size=40), min_size=1, max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        ends = []
        for sequence, body in enumerate(bodies, start=1):
            journal.append(record(sequence, body))
            ends.append(next(Path(folder).iterdir()).stat().st_size)
        (file,) = Path(folder).iterdir()
        torn = data.draw(st.integers(0, ends[-1]))
        os.truncate(file, torn)
        complete = [
            record(sequence, body) for sequence, body in enumerate(bodies, start=1) if ends[sequence - 1] <= torn
        ]
        damage: list[str] = []
        after = Journal(Path(folder))
        assert list(after.records(after=0, on_damage=damage.append)) == complete
        after.append(record(9, b"later"))
        assert len(damage) == 0
        # The later record begins a file of its own, or follows the last whole one.
        assert [each.sequence for each in after.records(after=0)][-1] == 9


def test_a_write_that_the_disk_refuses_does_not_damage_the_next(tmp_path: Path) -> None:
    """A limit on the size of files makes the kernel refuse a write in the middle, as a full disk does."""
    program = (
        "import pathlib, resource, signal, sys\n"
        "from tests.localcloud.core.test_journal import Journal, record\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "try: journal.append(record(1, b'x' * 5000))\n"
        "except OSError as error: print(error.strerror)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "journal.append(record(1, b'short'))\n"
    )
    checkout = Path(__file__).parents[3]
    command = [sys.executable, "-c", program, str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, cwd=checkout)
    assert finished.stdout == "File too large\n"
    assert list(Journal(tmp_path).records(after=0)) == [record(1, b"short")]


class Notes:
    """An observer that notes every answer it gets."""

    def __init__(self, happened: list[str]) -> None:
        self._happened = happened

    def answered(self, request: Request, response: Response) -> None:
        self._happened.append(f"answered {request.method} with {response.status}")


def test_no_answer_leaves_before_observers_have_the_write() -> None:
    happened: list[str] = []

    def service(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    router = Router([Route("", "PUT", "/state", lambda request: Response(200))])
    application = Application(moto=service, router=router, observers=[Notes(happened)])
    builder = EnvironBuilder(path="/state", method="PUT", data=b"x")
    run_wsgi_app(lambda *arguments: _noting(happened, application, *arguments), builder.get_environ())
    assert happened == ["answered PUT with 200", "sent"]


def _noting(happened: list[str], application: Application, environ: Any, start_response: Callable[..., Any]) -> Any:
    def noting(*arguments: Any) -> Any:
        happened.append("sent")
        return start_response(*arguments)

    return application(environ, noting)
