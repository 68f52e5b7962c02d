"""Each service answers as its OpenAPI document says, whatever it is sent (schemathesis makes the requests)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from market.fake_upstream import Upstream
from processes import program, serving, wait_for

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,missing_required_header,ignored_auth"
)


@pytest.mark.row("1.19")
@pytest.mark.parametrize(
    ("service", "database"),
    [("ledger", "empty_database"), ("market", "empty_database"), ("users", "empty_database"),
     ("users", "mongo_database"), ("transactions", "mongo_database")],
)  # fmt: skip
def test_answers_are_as_documented(service: str, database: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with Upstream().listening() as address:
        variables = {"MARKET_AUTH_TOKEN": "t", "COINMARKETCAP_API_KEY": "k", "COINMARKETCAP_URL": address}
        variables |= {"USERS_AUTH_TOKEN": "t", "LOG_LEVEL": "ERROR"}
        with serving(service, request.getfixturevalue(database), **variables) as (process, url):
            wait_for(url, 200, process)
            command = [program("st"), "run", f"{url}/openapi.json", "-H", "Authorization: t", "--checks", CHECKS]
            command += ["--phases", "examples,coverage,fuzzing", "--max-time", "3", "--seed", "1", "--no-color"]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "Tested:" in done.stdout
