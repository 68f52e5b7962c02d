"""The command `ledger`."""

from __future__ import annotations

from functools import partial

from servicekit import command
from servicekit.database import postgres
from servicekit.service import Service

from ledger import routes
from ledger.settings import LedgerSettings

SERVICE = Service("ledger", "Ledger", LedgerSettings, postgres("ledger"), routes.install)
main = partial(command.main, SERVICE)
