"""The command `transactions`."""

from __future__ import annotations

from functools import partial

from servicekit import command
from servicekit.mongo import mongo
from servicekit.service import Service

from transactions import routes
from transactions.queries import INDEXES
from transactions.settings import TransactionsSettings

SERVICE = Service("transactions", "Transactions", TransactionsSettings, mongo("transactions", INDEXES), routes.install)
main = partial(command.main, SERVICE)
