"""The load test measures real services and says where one failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from servicekit import load


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "servicekit.load", *arguments]
    return subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)


def test_each_service_answers_all_of_its_traffic() -> None:
    done = run("ledger", "users", "market", "--clients=2", "--seconds=0.2", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [(row["service"], row["traffic"]) for row in rows] == [
        ("ledger", "post"), ("ledger", "balance"), ("users", "add"), ("users", "page of 20"),
        ("market", "populate"), ("market", "page of 20"),
    ]  # fmt: skip
    for row in rows:
        assert (row["answers"] >= 2, row["failed"]) == (True, 0), row
        assert 0 < row["median_ms"] <= row["p99_ms"]
        assert row["memory_mb"] > 20


def test_a_service_without_its_database_is_named_and_others_are_measured() -> None:
    done = run("transactions", "users", "--clients=1", "--seconds=0", "--json")
    assert done.returncode == 3
    assert "error: transactions is not measured: FerretDB is not built" in done.stderr
    assert {row["service"] for row in json.loads(done.stdout)} == {"users"}


@pytest.mark.parametrize("options", [["--clients", "65"], ["--seconds", "61"], ["--clients", "0"]])
def test_a_load_beyond_the_bounds_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load.main(["users", *options])
    assert ended.value.code == 2
    assert "is not between" in capsys.readouterr().err


def test_what_is_no_service_is_named_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    assert load.main(["users", "orders"]) == 2
    assert capsys.readouterr().err == "error: orders is not a service with a module `traffic`\n"


def test_answers_that_failed_are_counted_and_end_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    row = load.Figures("users", "add", 10, 1, 5.0, 1.0, 2.0, 0.5, 40.0)
    monkeypatch.setattr(load, "measure", lambda *names, **options: [row])
    assert load.main(["users"]) == 1
