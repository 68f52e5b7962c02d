"""The command `market`."""

from __future__ import annotations

from pathlib import Path

from servicekit import command
from servicekit.migrations import Migrations
from servicekit.service import Service

from market import routes
from market.settings import MarketSettings

SERVICE = Service(
    name="market",
    title="Market",
    settings=MarketSettings,
    migrations=Migrations("market", Path(__file__).parent / "migrations"),
    install=routes.install,
)


def main() -> int:
    """Entry of the command."""
    return command.main(SERVICE)
