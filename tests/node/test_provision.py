"""A Job of the release makes the service's database and roles on a real Postgres; its pods have no other rights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from stacks.laptop.releases import around
from tests.node.laptop import SECOND_NODE_PORT, TOKEN, Service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]

NAMESPACE = "provision"
TRY = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
    print(database.info.user, database.info.dbname)
    try:
        database.execute("DROP TABLE accounts")
    except psycopg.errors.InsufficientPrivilege:
        print("refused")
print([name for name in os.environ if name.endswith("DATABASE_URL")])
"""


def secret(name: str, **values: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


@pytest.fixture
def ledger(service: Service) -> Iterator[Service]:
    """A ledger whose database nobody has made yet."""
    server = service.database_url.removeprefix("postgresql://ledger@").rpartition("/")[0]
    laptop = service.laptop
    values = {"DATABASE_URL": f"postgresql://books_service:of-the-service@{server}/books", "LEDGER_AUTH_TOKEN": TOKEN}
    laptop.apply(
        *around("ledger", NAMESPACE, values, SECOND_NODE_PORT),
        secret("owner", MIGRATION_DATABASE_URL=f"postgresql://books_owner:of-the-owner@{server}/books"),
        secret("administrator", ADMINISTRATOR_DATABASE_URL=f"postgresql://ledger@{server}/postgres"),
    )
    yield replace(service, namespace=NAMESPACE, node_port=SECOND_NODE_PORT)
    laptop.run("helm", "uninstall", "ledger", f"--namespace={NAMESPACE}", "--wait")
    laptop.kubectl("delete", "namespace", NAMESPACE)


def test_a_release_makes_its_database_but_its_pods_no_tables(ledger: Service) -> None:
    command = ["python3", "-m", "servicekit"]
    chosen = {
        "migrations": {"command": [*command, "migrate"], "secrets": ["owner"]},
        "provision": {"command": [*command, "provision"], "secrets": ["administrator"]},
    }
    ledger.deploy(**chosen)
    assert ledger.post("first") == 201
    who, refused, variables = ledger.inside("python3", "-c", TRY).splitlines()
    assert (who, refused, variables) == ("books_service books", "refused", "['DATABASE_URL']")
    # An upgrade provisions and migrates again; neither Job is left.
    ledger.deploy(**chosen, podAnnotations={"changed": "yes"})
    assert ledger.post("second") == 201
    left = json.loads(ledger.laptop.kubectl("get", "jobs,networkpolicies", f"--namespace={NAMESPACE}", "--output=json"))
    assert {each["metadata"]["name"] for each in left["items"]} == {"ledger", "ledger-migrate"}
