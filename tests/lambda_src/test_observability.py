"""Logs and metrics of a request: JSON lines with its id, EMF metrics, and nothing secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groundwork.packaging import load_function
from lambda_src.populate import clients
from lambda_src.populate.settings import Settings
from tests.lambda_src.conftest import Function
from tests.lambda_src.samples import REST_REQUEST_ID, rest_event

POPULATE = Path(__file__).parents[2] / "lambda_src" / "populate"


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_log_line_is_json_with_the_request_id_and_the_key(function: Function, logged):
    key = function.answer(rest_event('{"records": 4}'), status=201)["key"]
    (entry,) = [line for line in lines(logged.getvalue()) if line.get("message") == "populated"]
    assert entry["correlation_id"] == REST_REQUEST_ID
    assert entry["answer"]["key"] == key


def test_a_write_is_counted(function: Function, capsys):
    function.answer(rest_event('{"records": 4}'), status=201)
    (metric,) = [line for line in lines(capsys.readouterr().out) if "FilesWritten" in line]
    assert (metric["FilesWritten"], metric["RecordsWritten"]) == ([1.0], [4.0])
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Populate"


def test_a_problem_is_counted_with_its_code_and_logged_with_its_reason(function: Function, capsys, logged):
    function.answer(rest_event("{"), status=400)
    (metric,) = [line for line in lines(capsys.readouterr().out) if "RequestProblems" in line]
    assert metric["problem"] == "malformed-request"
    (entry,) = [line for line in lines(logged.getvalue()) if line.get("problem") == "malformed-request"]
    assert entry["level"] == "WARNING"


def test_an_authorization_header_never_reaches_the_log(function: Function, capsys, logged):
    function.answer(rest_event("{", headers={"Authorization": "Bearer very-secret"}), status=400)
    assert "very-secret" not in logged.getvalue() + capsys.readouterr().out


def test_settings_are_read_once_per_cold_start(function: Function, monkeypatch: pytest.MonkeyPatch):
    function.answer(rest_event(), status=201)
    monkeypatch.setenv("ARCHIVE_PREFIX", "elsewhere")
    assert function.answer(rest_event(), status=201)["key"].startswith("populate/")
    function.environ()
    assert function.answer(rest_event(), status=201)["key"].startswith("elsewhere/")


def test_clients_are_made_once_and_time_out_before_the_function_does():
    assert clients.s3("eu-west-2") is clients.s3("eu-west-2")
    config = clients.s3("eu-west-2").meta.config
    assert (config.connect_timeout, config.read_timeout) == (clients.CONNECT_SECONDS, clients.READ_SECONDS)
    assert config.retries["total_max_attempts"] == clients.ATTEMPTS
    assert clients.WORST_REQUEST_SECONDS < load_function(POPULATE).timeout_seconds < 29


def test_the_function_toml_lists_every_setting():
    variables = load_function(POPULATE).environment
    settings = {name.upper(): field.is_required() for name, field in Settings.model_fields.items()}
    settings["ARCHIVE_REGION"] = False  # defaults to the function's own region
    listed = {name: entry.required for name, entry in variables.items() if not name.startswith("POWERTOOLS_")}
    assert listed == settings
