"""What the users need of their databases: a schema, an encrypted connection to the right one, and patience."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from servicekit.ferretdb import FerretServer
from servicekit.testing import DEBIAN, Certificate, PostgresServer, wait_until_ready
from starlette.testclient import TestClient

Start = Callable[..., TestClient]
ANN = {"name": "Ann Lee", "username": "ann", "email": "ann@example.com"}


@pytest.mark.row("1.2")
def test_the_first_revision_is_the_seeds_schema(start: Start, migrated: Callable[[str], str]) -> None:
    users = start(migrated("users")).get("/users").json()
    assert [(user["id"], user["name"], user["email"]) for user in users] == [
        (1, "John Doe", "john@example.com"),
        (2, "Jane Smith", "jane@example.com"),
        (3, "Bob Wilson", "bob@example.com"),
    ]


@pytest.mark.row("1.2")
def test_a_database_from_before_the_revisions_keeps_its_users(start: Start, empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "CREATE TABLE users (id serial PRIMARY KEY, name varchar(100) NOT NULL, email varchar(100) UNIQUE NOT NULL)"
        )
        connection.execute("INSERT INTO users (name, email) VALUES ('Jane', 'jane@example.com')")
    users = start(empty_database).get("/users").json()
    assert [user["name"] for user in users] == ["Jane", "John Doe", "Bob Wilson"]


def test_readiness_names_an_index_that_is_missing(start: Start, mongo_database: str) -> None:
    users = start(mongo_database, ready=False, migrate_on_start=False)
    answer = users.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "the collection users has no index users_email")


@pytest.mark.row("1.13")
@pytest.mark.row("1.20")
@pytest.mark.skipif(
    not any(DEBIAN.glob("*/bin/initdb")), reason="the package pgserver has no TLS; `apt-get install postgresql` has"
)
def test_postgres_has_to_prove_its_name(start: Start, certificate: Certificate) -> None:
    with PostgresServer(certificate=certificate) as server:
        verified = f"?sslmode=verify-full&sslrootcert={certificate.ca}"
        url = server.url("postgres") + verified
        users = start(url.replace("127.0.0.1", "localhost"))
        assert users.post("/users", json=ANN).status_code == 201
        with psycopg.connect(server.url("postgres")) as connection:
            query = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = %s"
            assert connection.execute(query, ("users",)).fetchall() == [(True,)]
        # The certificate is not for this name.
        impostor = start(url, ready=False, pool_wait_seconds=0.5)
        assert impostor.get("/readyz").json()["reason"] == "The database cannot be reached; try again"
        assert impostor.get("/users").status_code == 503


@pytest.mark.row("2.14")
def test_mongodb_has_to_prove_its_name(
    start: Start, certificate: Certificate, postgres: PostgresServer, ferretdb: Path
) -> None:
    data = postgres.create("ferretdb_tls")
    with FerretServer(ferretdb, data, certificate=certificate) as server:
        options = f"&tls=true&tlsCAFile={certificate.ca}"
        users = start(server.url("users", host="localhost", options=options))
        assert users.post("/users", json=ANN).status_code == 201
        impostor = start(server.url("users", options=options), ready=False, pool_wait_seconds=0.5)
        assert impostor.get("/users").status_code == 503
        # Without TLS it is not reached at all.
        assert start(server.url("users"), ready=False, pool_wait_seconds=0.5).get("/users").status_code == 503


@pytest.mark.row("0.14")
def test_users_that_start_before_mongodb_and_outlive_its_restart(
    start: Start, postgres: PostgresServer, ferretdb: Path
) -> None:
    server = FerretServer(ferretdb, postgres.create("ferretdb_restarted"))
    users = start(server.url("users"), ready=False, pool_wait_seconds=0.5)
    assert users.get("/livez").status_code == 200
    unready = users.get("/readyz")
    assert (unready.status_code, unready.json()["reason"]) == (503, "The database cannot be reached; try again")
    with server:
        wait_until_ready(users)
        assert users.post("/users", json=ANN).status_code == 201
        server.kill()
        refused = users.get("/users")
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert refused.headers["retry-after"] == "1"
        server.start()
        wait_until_ready(users)
        assert [users.get("/users").json()[0]["username"] for _ in range(5)] == ["ann"] * 5


@pytest.mark.parametrize("scheme", ["mongodb", "mongodb+srv"])
def test_a_name_that_does_not_resolve_is_waited_for(start: Start, scheme: str) -> None:
    users = start(f"{scheme}://cluster.example.invalid/users", ready=False, pool_wait_seconds=0.2)
    assert users.get("/livez").status_code == 200
    refused = users.get("/users")
    assert (refused.status_code, refused.json()["detail"]) == (503, "The database cannot be reached; try again")


@pytest.mark.row("2.3")
def test_settings_come_from_a_mounted_file_too(empty_database: str, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/.env").write_text(f"DATABASE_URL={empty_database}\nUSERS_OPEN=true\n")
    command = [str(Path(sys.executable).parent / "users"), "migrate"]
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (3,)


@pytest.mark.parametrize("url", ["mysql://localhost/users", "mongodb://localhost", "postgresql://u:secret@[h/d"])
def test_an_address_that_cannot_be_used_is_named_at_the_start(url: str, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "users"), "serve"]
    environment = {"PATH": os.environ["PATH"], "USERS_OPEN": "true", "DATABASE_URL": url}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "environment variable DATABASE_URL" in done.stderr
    assert "secret" not in done.stderr
