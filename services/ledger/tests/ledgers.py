"""A ledger in this process, as a client sees it."""

from __future__ import annotations

from typing import Any

from ledger.main import SERVICE
from ledger.settings import LedgerSettings
from starlette.testclient import TestClient

TOKEN = "a-token-of-a-test"


def client_of(url: str, **settings: Any) -> TestClient:
    """A client of a ledger on the database of `url`; entering it starts the ledger."""
    values = {"database_url": url, "ledger_auth_token": TOKEN, "migrate_on_start": False, **settings}
    return TestClient(SERVICE.application(LedgerSettings(**values)), headers={"Authorization": TOKEN})
