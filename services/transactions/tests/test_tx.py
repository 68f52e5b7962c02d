"""The command `tx`, as somebody types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from payments import transaction
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from servicekit.ferretdb import FerretServer
from servicekit.testing import PostgresServer, free_port
from transactions import accounts
from transactions.queries import COLLECTION, INDEXES
from transactions.settings import TransactionsSettings

Tx = Callable[..., subprocess.CompletedProcess[str]]
EXAMPLE = Path(__file__).parents[1] / "db_envs.yaml"


@pytest.fixture
def tx(tmp_path: Path) -> Tx:
    """Runs it in an empty folder with nothing but these variables."""

    def run(*arguments: str, typed: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "tx"), *arguments]
        environment = {"PATH": os.environ["PATH"], "COLUMNS": "100", **variables}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, input=typed, capture_output=True, text=True, timeout=90, check=False
        )

    return run


def documents(url: str) -> list[Any]:
    with MongoClient[dict[str, Any]](url) as client:
        return list(client.get_default_database()[COLLECTION].find().sort("_id", 1))


@pytest.mark.row("4.2")
def test_the_same_seed_gives_the_same_transactions_and_adds_none(
    tx: Tx, mongo_database: str, mongo_server: Callable[[str], str]
) -> None:
    words = ("populate", "1200", "--seed", "7", "--until", "2026-01-31", "--days", "30")
    done = tx(*words, DATABASE_URL=mongo_database)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1200 transactions are new, 0 were there; --seed 7 --until 2026-01-31.\n"
    assert "1200/1200" in done.stderr
    stored = documents(mongo_database)
    assert len(stored) == 1200
    end = 1769817600000
    assert all(end - 30 * 86_400_000 <= entry["date"] <= end for entry in stored)
    assert {entry["cardType"] for entry in stored} == {"Visa", "Mastercard", "Amex", "Maestro", "Discover"}
    again = tx("populate", "1300", *words[2:], DATABASE_URL=mongo_database)
    assert again.stdout.startswith("100 transactions are new, 1200 were there;")
    other = mongo_server(f"{urlsplit(mongo_database).path[1:]}_other")
    assert tx(*words, DATABASE_URL=other).returncode == 0
    assert documents(other) == stored
    with MongoClient[dict[str, Any]](other) as client:
        client.drop_database(client.get_default_database())


def test_another_seed_gives_other_transactions(tx: Tx, mongo_database: str) -> None:
    for seed in ("1", "2"):
        tx("populate", "5", "--seed", seed, "--until", "2026-01-31", DATABASE_URL=mongo_database)
    assert len(documents(mongo_database)) == 10


@pytest.fixture
def server(postgres: PostgresServer, ferretdb: Path) -> Iterator[FerretServer]:
    """With users of its own."""
    with FerretServer(ferretdb, postgres.create(f"ferretdb_tx_{free_port()}")) as server:
        yield server


@pytest.mark.row("4.1")
@pytest.mark.row("4.9")
def test_a_user_is_created_for_the_parts_of_the_file_and_can_work(tx: Tx, server: FerretServer, tmp_path: Path) -> None:
    example = EXAMPLE.read_text().replace("27017", str(server.port)).replace("localhost", "127.0.0.1")
    (tmp_path / "db_envs.yaml").write_text(example)
    secrets = {"MONGO_PASSWORD": "p@ss/word:1", "MONGO_ADMIN_URL": server.url("admin")}
    done = tx("init-db", **secrets)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "The user is created, with the role readWrite in one database.\n"
    assert tx("populate", "3", MONGO_PASSWORD="p@ss/word:1").returncode == 0
    with MongoClient[dict[str, Any]](server.url("opayo")) as client:
        present = client.opayo[COLLECTION].index_information()
        assert client.opayo[COLLECTION].count_documents({}) == 3
    assert {index.document["name"] for index in INDEXES[COLLECTION]} < present.keys()
    # The environment has precedence over the file.
    refused = tx("populate", "3", MONGO_PASSWORD="p@ss/word:1", MONGO_USERNAME="somebody")
    assert refused.returncode == 3
    assert "error: MongoDB: Authentication failed" in refused.stderr
    # A new password replaces the old one.
    assert tx("init-db", **{**secrets, "MONGO_PASSWORD": "new"}).stdout.startswith("The user has the new password")
    assert tx("populate", "3", MONGO_PASSWORD="new").returncode == 0
    assert tx("populate", "3", MONGO_PASSWORD="p@ss/word:1").returncode == 3


@pytest.mark.row("4.1")
@pytest.mark.row("2.10")
@pytest.mark.parametrize("role", ["readWrite", "read"])
def test_the_user_has_one_role_in_one_database(
    server: FerretServer, monkeypatch: pytest.MonkeyPatch, role: accounts.Role
) -> None:
    commands: list[tuple[str, dict[str, Any]]] = []
    original = accounts.Database.command

    def command(self: Any, name: str, *arguments: Any, **options: Any) -> Any:
        commands.append((name, options))
        return original(self, name, *arguments, **options)

    monkeypatch.setattr(accounts.Database, "command", command)
    url = f"mongodb://tx:secret@127.0.0.1:{server.port}/opayo"
    settings = TransactionsSettings(database_url=url, mongo_admin_url=server.url("admin"))
    assert accounts.init(settings, role) is True
    assert accounts.init(settings, role) is False
    grant = {"pwd": "secret", "roles": [{"role": role, "db": "opayo"}]}
    assert commands == [("createUser", grant), ("createUser", grant), ("updateUser", grant)]


def test_without_an_administrator_a_protected_server_refuses(server: FerretServer) -> None:
    settings = TransactionsSettings(mongo_host="127.0.0.1", mongo_port=server.port, mongo_password="secret")
    with pytest.raises(OperationFailure, match="requires authentication"):
        accounts.init(settings, "readWrite")


@pytest.mark.row("4.9")
@pytest.mark.row("4.17")
@pytest.mark.parametrize("line", ["mongo_password: opayo", "mongo_admin_url: mongodb://a:b@h/d", "database_url: x"])
def test_a_file_with_a_secret_is_refused(tx: Tx, tmp_path: Path, line: str) -> None:
    (tmp_path / "db_envs.yaml").write_text(f"mongo_host: localhost\n{line}\n")
    done = tx("populate", "1", MONGO_PASSWORD="p")
    assert done.returncode == 2
    assert (
        done.stderr == f"error: db_envs.yaml may not have {line.partition(':')[0]}: secrets are environment variables\n"
    )


@pytest.mark.row("4.9")
def test_a_password_that_is_nowhere_is_asked_for(tx: Tx) -> None:
    done = tx("populate", "1")
    assert (done.returncode, done.stderr) == (2, "error: neither DATABASE_URL nor MONGO_PASSWORD is set\n")


def test_a_file_that_is_named_has_to_exist(tx: Tx) -> None:
    done = tx("populate", "1", DB_ENVS="elsewhere.yaml", MONGO_PASSWORD="p")
    assert (done.returncode, done.stderr) == (2, "error: DB_ENVS names elsewhere.yaml, which is not a file\n")


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({}, "mongodb://opayo:p%40s@localhost:27017/opayo"),
        (
            {"mongo_host": "a:1,b:2", "mongo_options": "replicaSet=rs0&tls=true"},
            "mongodb://opayo:p%40s@a:1,b:2/opayo?replicaSet=rs0&tls=true",
        ),
        ({"mongo_host": "a", "mongo_port": 1, "mongo_username": "x"}, "mongodb://x:p%40s@a:1/opayo"),
        ({"database_url": "mongodb://h/d"}, "mongodb://h/d"),
    ],
)
@pytest.mark.row("2.12")
def test_the_address_is_built_from_its_parts(values: dict[str, Any], url: str) -> None:
    assert TransactionsSettings(mongo_password="p@s", **values).database_url.get_secret_value() == url


def test_a_database_that_is_down_is_named(tx: Tx) -> None:
    done = tx("populate", "1", DATABASE_URL="mongodb://u:hidden@127.0.0.1:1/opayo", POOL_WAIT_SECONDS="0.2")
    assert done.returncode == 3
    assert "fix: check where it is" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.row("4.12")
def test_the_menu_runs_commands_until_it_is_ended(tx: Tx, mongo_database: str) -> None:
    done = tx("menu", typed="2\n4\n9\n4\n", DATABASE_URL=mongo_database)
    assert done.returncode == 0, done.stderr
    assert "4 transactions are new, 0 were there; --seed 9" in done.stdout
    assert len(documents(mongo_database)) == 4


@pytest.mark.row("4.12")
def test_the_servers_commands_are_there_too(tx: Tx) -> None:
    document = json.loads(tx("openapi", DATABASE_URL="mongodb://h/d").stdout)
    assert "/transactions/{days}/card/{card}" in document["paths"]


@pytest.mark.row("4.7")
@pytest.mark.row("4.8")
def test_a_check_calls_every_route_and_fails_where_one_does(tx: Tx, mongo_database: str) -> None:
    port = free_port()
    command = [str(Path(sys.executable).parent / "tx"), "serve"]
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": mongo_database, "HOST": "127.0.0.1", "PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    down = tx("check", address)
    assert down.returncode == 3
    assert f"error: the API at {address} is down" in down.stderr
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with MongoClient[dict[str, Any]](mongo_database) as client:
                stored = client.get_default_database()[COLLECTION]
                stored.insert_one(transaction(1, days=1, amount=500))
                good = _checked(tx, address)
                assert good.returncode == 0, good.stdout
                assert good.stdout.count("ok ") == 4
                stored.update_one({}, {"$set": {"amount": "much"}})
            wrong = tx("check", address)
            assert wrong.returncode == 1
            assert "WRONG /transactions/90?limit=100\n      another form than documented" in wrong.stdout
        finally:
            process.kill()


def _checked(tx: Tx, address: str) -> subprocess.CompletedProcess[str]:
    """Once the server listens."""
    for _ in range(30):
        if (done := tx("check", address)).returncode != 3:
            return done
    raise AssertionError(done.stderr)
