"""The command `users`."""

from __future__ import annotations

from functools import partial

from servicekit import command
from servicekit.service import Service

from users import routes, stores
from users.settings import UsersSettings

SERVICE = Service("users", "Users", UsersSettings, stores.connect, routes.install)
main = partial(command.main, SERVICE)
