"""The command `market`."""

from __future__ import annotations

from functools import partial

from servicekit import command
from servicekit.database import postgres
from servicekit.service import Service

from market import routes
from market.settings import MarketSettings

SERVICE = Service("market", "Market", MarketSettings, postgres("market"), routes.install)
main = partial(command.main, SERVICE)
