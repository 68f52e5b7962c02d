"""The command of a service: `serve`, `provision`, `migrate` and `openapi`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from functools import partial
from types import FrameType

import uvicorn

from servicekit import logs, settings
from servicekit.health import Lifecycle
from servicekit.problems import Unavailable
from servicekit.provision import Login, ProvisionFailed, provision
from servicekit.service import D, S, Service
from servicekit.settings import ServiceSettings
from servicekit.store import upgrade_when_reachable, when_reachable


class _Server(uvicorn.Server):
    """Stops in two steps: not ready for new clients, then no new connection while requests end."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain_seconds: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called for SIGTERM and SIGINT; a second signal stops at once."""
        if self._lifecycle.stopping or not self._drain_seconds:
            self._lifecycle.stopping = True
            super().handle_exit(sig, frame)
            return
        self._lifecycle.stopping = True
        loop = asyncio.get_running_loop()
        stop = super().handle_exit
        loop.call_soon_threadsafe(loop.call_later, self._drain_seconds, stop, sig, frame)


def main(service: Service[S, D], arguments: Sequence[str] | None = None) -> int:
    """Run the command line of `service`; returns the exit code."""
    parser = argparse.ArgumentParser(prog=service.name, description=service.title)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the API; settings come from the environment")
    migrate = commands.add_parser("migrate", help="bring the schema to the newest revision, and end")
    migrate.add_argument("--wait", type=float, default=60.0, metavar="SECONDS", help="for the database (60)")
    make = commands.add_parser("provision", help="make the service's Postgres database and its roles, and end")
    make.add_argument("--wait", type=float, default=60.0, metavar="SECONDS", help="for the server (60)")
    commands.add_parser("openapi", help="print the OpenAPI document")
    options = parser.parse_args(arguments)
    values = settings.read(service.settings)
    logs.configure(service.name, values.log_level)
    match options.command:
        case "provision":
            return _provision(values, options.wait)
        case "migrate":
            return _migrate(service, values, options.wait)
        case "openapi":
            sys.stdout.write(json.dumps(service.application(values).openapi(), indent=2) + "\n")
            return 0
    return _serve(service, values)


def _provision(values: ServiceSettings, wait_seconds: float) -> int:
    if values.administrator_database_url is None:
        sys.stderr.write("error: ADMINISTRATOR_DATABASE_URL is not set\n  fix: set it to the address with which an ")
        sys.stderr.write("administrator signs in to the server of DATABASE_URL\n")
        return 2
    urls = {"DATABASE_URL": values.database_url, "MIGRATION_DATABASE_URL": values.migration_database_url}
    try:
        logins = {name: Login.of(url.get_secret_value(), variable=name) for name, url in urls.items() if url}
        service = logins["DATABASE_URL"]
        owner = logins.get("MIGRATION_DATABASE_URL", service)
        administrator = values.administrator_database_url.get_secret_value()
        when_reachable(partial(provision, administrator, service=service, owner=owner), wait_seconds=wait_seconds)
    except ProvisionFailed as error:
        sys.stderr.write(f"error: {error}\n  fix: see docs/architecture/data.md, A database and roles of a service\n")
        return 4
    except Unavailable as error:
        sys.stderr.write(f"error: the server did not answer within {wait_seconds:g} s: {error.detail}\n")
        sys.stderr.write("  fix: check ADMINISTRATOR_DATABASE_URL and that the server runs\n")
        return 3
    return 0


def _migrate(service: Service[S, D], values: S, wait_seconds: float) -> int:
    if values.migration_database_url is not None:
        values = values.model_copy(update={"database_url": values.migration_database_url})
    try:
        upgrade_when_reachable(service.connect(values), wait_seconds=wait_seconds)
    except Unavailable as error:
        sys.stderr.write(f"error: the database did not answer within {wait_seconds:g} s: {error.detail}\n")
        sys.stderr.write(
            "  fix: check DATABASE_URL or MIGRATION_DATABASE_URL and that the server runs, or wait longer with --wait\n"
        )
        return 3
    return 0


def _serve(service: Service[S, D], values: S) -> int:
    lifecycle = Lifecycle()
    config = uvicorn.Config(
        service.application(values, lifecycle),
        host=values.host,
        port=values.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(values.stop_seconds),
    )
    _Server(config, lifecycle, values.drain_seconds).run()
    return 0
