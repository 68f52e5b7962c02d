"""The command `ledger`."""

from __future__ import annotations

from pathlib import Path

from servicekit import command
from servicekit.migrations import Migrations
from servicekit.service import Service

from ledger import routes
from ledger.settings import LedgerSettings

SERVICE = Service(
    name="ledger",
    title="Ledger",
    settings=LedgerSettings,
    migrations=Migrations("ledger", Path(__file__).parent / "migrations"),
    install=routes.install,
)


def main() -> int:
    """Entry of the command."""
    return command.main(SERVICE)
