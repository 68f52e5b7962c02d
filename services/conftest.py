"""A real Postgres and a MongoDB for every test session, and a new database for every test that asks for one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from pymongo import MongoClient
from servicekit.ferretdb import FerretServer
from servicekit.migrations import Migrations
from servicekit.testing import Certificate, PostgresServer

NUMBERS = itertools.count()
CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> Callable[[str], str]:
    """Address of a new database with the schema of a service: a copy, which takes less time than the migrations."""
    templates: set[str] = set()

    def create(service: str) -> str:
        template = f"{service}_template"
        if template not in templates:
            Migrations.of(service).upgrade(postgres.create(template))
            templates.add(template)
        return postgres.create(f"{service}_{next(NUMBERS)}", template=template)

    return create


@pytest.fixture
def empty_database(postgres: PostgresServer) -> str:
    """Address of a new database without tables."""
    return postgres.create(f"empty_{next(NUMBERS)}")


@pytest.fixture(scope="session")
def ferretdb() -> Path:
    """The program; without it a test is skipped."""
    program = CHECKOUT / ".groundwork/bin/ferretdb"
    if not program.exists():
        pytest.skip("FerretDB is not built; `tools/setup.sh services` builds it where a Go module proxy is reachable")
    return program


@pytest.fixture(scope="session")
def mongo_server(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Addresses by name of a database: of the MongoDB that MONGODB_URL names, else of a FerretDB."""
    if named := os.environ.get("MONGODB_URL"):
        before, _, options = named.partition("?")
        yield lambda database: f"{before.rstrip('/')}/{database}?{options}"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    with FerretServer(request.getfixturevalue("ferretdb"), postgres.create("ferretdb")) as server:
        yield server.url


@pytest.fixture
def mongo_database(mongo_server: Callable[[str], str]) -> Iterator[str]:
    """Address of a new MongoDB database, which is dropped afterwards."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    url = mongo_server(name)
    yield url
    with MongoClient(url) as client:
        client.drop_database(name)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for the name localhost, not for its address."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    files = Certificate(folder / "server.pem", folder / "server.key", folder / "ca.pem")
    authority.cert_pem.write_to_path(files.ca)
    issued.private_key_pem.write_to_path(files.key)
    for blob in issued.cert_chain_pems:
        blob.write_to_path(files.chain, append=True)
    return files
