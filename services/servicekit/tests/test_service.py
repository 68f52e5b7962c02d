"""What every service does around its routes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from servicekit import logs
from servicekit.database import CHECK_AFTER_SECONDS, Database
from servicekit.service import Service
from servicekit.settings import ServiceSettings
from servicekit.testing import PostgresServer, wait_until_ready
from starlette.testclient import TestClient

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def client(service: Service[ServiceSettings, Database], url: str, **settings: Any) -> TestClient:
    return TestClient(service.application(ServiceSettings(database_url=url, **settings)))


@pytest.mark.row("0.14")
def test_a_service_that_starts_before_its_database_recovers(service: Service[ServiceSettings, Database]) -> None:
    server = PostgresServer()
    try:
        with client(service, server.url("postgres"), pool_wait_seconds=0.2) as api:
            assert api.get("/livez").status_code == 200
            unready = api.get("/readyz")
            assert (unready.status_code, unready.json()["reason"]) == (503, "The database cannot be reached; try again")
            refused = api.post("/visits/early")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            server.start()
            wait_until_ready(api)
            assert api.post("/visits/late").json() == 1
    finally:
        server.stop()


@pytest.mark.row("0.14")
def test_a_service_outlives_a_restart_of_its_database(service: Service[ServiceSettings, Database]) -> None:
    with PostgresServer() as server, client(service, server.url("postgres"), pool_wait_seconds=0.2) as api:
        wait_until_ready(api)
        assert api.post("/visits/before").json() == 1
        server.kill()
        assert api.post("/visits/during").status_code == 503
        assert api.get("/livez").status_code == 200
        server.start()
        wait_until_ready(api)
        assert [api.post(f"/visits/after-{number}").status_code for number in range(20)] == [200] * 20


def test_a_restart_while_nobody_calls_is_not_noticed(service: Service[ServiceSettings, Database]) -> None:
    with PostgresServer() as server, client(service, server.url("postgres")) as api:
        wait_until_ready(api)
        server.kill()
        server.start()
        time.sleep(CHECK_AFTER_SECONDS)
        assert [api.post(f"/visits/after-{number}").status_code for number in range(20)] == [200] * 20


def test_readiness_names_a_schema_that_is_missing(
    service: Service[ServiceSettings, Database], empty_database: str
) -> None:
    with client(service, empty_database, migrate_on_start=False) as api:
        answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "the schema was never migrated")


def test_a_statement_that_takes_too_long_is_answered_with_503(
    service: Service[ServiceSettings, Database], empty_database: str
) -> None:
    with client(service, empty_database, statement_seconds=0.1) as api:
        assert api.get("/slow").status_code == 503


def test_a_fault_is_logged_and_its_detail_is_not_sent(
    service: Service[ServiceSettings, Database], empty_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("visits", "INFO")
    with client(service, empty_database) as api:
        answer = api.get("/fault", headers={"X-Request-ID": "request-7"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret detail" not in answer.text
    assert answer.headers["x-request-id"] == "request-7"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    fault = next(line for line in lines if line["event"] == "fault")
    assert (fault["request_id"], fault["service"], fault["exception"][0]["exc_value"]) == (
        "request-7",
        "visits",
        "secret detail",
    )


def test_a_request_is_one_line_with_the_ids_of_its_trace(
    service: Service[ServiceSettings, Database], empty_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("visits", "INFO")
    with client(service, empty_database) as api:
        wait_until_ready(api)
        api.post("/visits/anna?password=x", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
        api.get("/livez")
        api.get("/nowhere", headers={"X-Request-ID": "no spaces allowed"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    visit, nowhere = [line for line in lines if line["event"] == "request"]
    assert (visit["route"], visit["status"], visit["trace_id"]) == ("/visits/{name}", 200, TRACE)
    assert (nowhere["route"], nowhere["status"], len(nowhere["request_id"])) == ("unmatched", 404, 32)
    assert "password" not in str(lines)


@pytest.mark.row("1.5")
def test_metrics_count_requests_by_route_and_show_the_pool(
    service: Service[ServiceSettings, Database], empty_database: str
) -> None:
    with client(service, empty_database) as api:
        wait_until_ready(api)
        for name in ("anna", "bert"):
            api.post(f"/visits/{name}")
        api.get("/fault")
        text = api.get("/metrics").text
    series = 'http_request_duration_seconds_count{method="%s",route="%s",status="%s"}'
    assert f"{series % ('POST', '/visits/{name}', 200)} 2.0" in text
    assert f"{series % ('GET', '/fault', 500)} 1.0" in text
    assert "db_pool_max 10.0" in text
    assert "db_requests_waiting 0.0" in text


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("GET", "/nowhere", "", 404, "GET /nowhere: Not Found"),
        ("DELETE", "/numbers", "", 405, "DELETE /numbers: Method Not Allowed"),
        ("POST", "/numbers", "{", 400, "The request does not have the form that the API describes"),
        ("POST", "/numbers", '{"a": 1}' + " " * 100, 413, "POST /numbers: the body has more than 99 bytes"),
        ("POST", "/numbers", '{"a": "secret"}', 400, "The request does not have the form that the API describes"),
    ],
)
def test_errors_are_problems(
    service: Service[ServiceSettings, Database], method: str, path: str, body: str, status: int, detail: str
) -> None:
    with client(service, "postgresql://nobody@127.0.0.1:1/none", migrate_on_start=False, max_body_bytes=99) as api:
        answer = api.request(method, path, content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["detail"]) == (status, detail)
    assert "secret" not in answer.text
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)
