"""Runs one service for its developer: it starts again when its code changes, on a database that it finds ready.

    python -m servicekit.dev ledger

The service has what `serve` gives it, and besides:

- a database of its own that ends with it, unless DATABASE_URL names one;
- a random text for every secret that it requires and that is not set, which is printed;
- whatever its own module `<service>.dev` adds with `surroundings(stack)`, such as an upstream that answers from memory.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from servicekit import logs, settings
from servicekit.ferretdb import FerretServer
from servicekit.service import Service
from servicekit.testing import PostgresServer

_SERVICE = "SERVICEKIT_DEV"
"""Names the service for the process that serves, which is started anew on each change."""
_DATABASE = "DATABASE_URL"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="servicekit.dev", description="Serve with reload, on loopback.")
    parser.add_argument("service", help="a package with a module `main`, such as ledger")
    parser.add_argument("--port", type=int, help="default: the service's own")
    parser.add_argument("--mongodb", action="store_true", help="of two kinds of database, take MongoDB")
    parser.add_argument("--ferretdb", type=Path, help="the program that serves as MongoDB")
    options = parser.parse_args(arguments)
    if not (has(options.service) and has(f"{options.service}.main")):
        sys.stderr.write(f"error: {options.service} is not a service\n")
        return 2
    service = load(options.service)
    with ExitStack() as stack:
        try:
            made = variables_for(service, os.environ, stack, mongodb=options.mongodb, ferretdb=options.ferretdb)
        except FileNotFoundError as error:
            sys.stderr.write(f"error: {error}\n")
            return 3
        os.environ.update({"HOST": "127.0.0.1", _SERVICE: options.service, **made})
        if options.port is not None:
            os.environ["PORT"] = str(options.port)
        port = settings.read(service.settings).port
        for name, value in made.items():
            sys.stderr.write(f"{name}={value}\n")
        sys.stderr.write(f"serving {service.title} on http://127.0.0.1:{port}\n")
        sys.stderr.flush()
        uvicorn.run(
            f"{__name__}:application",
            factory=True,
            host="127.0.0.1",
            port=port,
            reload=True,
            reload_dirs=[_folder(name) for name in (options.service, "servicekit")],
            log_config=None,
            access_log=False,
        )
    return 0


def application() -> FastAPI:
    """The application of the service that the environment names."""
    service = load(os.environ[_SERVICE])
    values = settings.read(service.settings)
    logs.configure(service.name, values.log_level)
    return service.application(values)


def variables_for(
    service: Service[Any, Any], environ: Mapping[str, str], stack: ExitStack, *, mongodb: bool, ferretdb: Path | None
) -> dict[str, str]:
    """The variables that the service needs and nobody has set. What they name ends with `stack`."""
    made: dict[str, str] = {}
    if has(f"{service.name}.dev"):
        own = importlib.import_module(f"{service.name}.dev").surroundings(stack, environ)
        made |= {name: value for name, value in own.items() if name not in environ}
    if _DATABASE not in environ:
        kinds = service.settings.database_kinds
        kind = "mongodb" if mongodb or "postgresql" not in kinds else "postgresql"
        made[_DATABASE] = stack.enter_context(_database(service.name, kind, ferretdb))
    for name, field in service.settings.model_fields.items():
        variable = name.upper()
        if field.is_required() and field.annotation is SecretStr and variable not in {*environ, *made}:
            made[variable] = secrets.token_urlsafe(16)
    return made


@contextmanager
def _database(name: str, kind: str, ferretdb: Path | None) -> Iterator[str]:
    with PostgresServer() as postgres:
        address = postgres.create(name)
        if kind == "postgresql":
            yield address
            return
        if ferretdb is None:
            raise FileNotFoundError("FerretDB is not built\n  fix: tools/setup.sh services, or name a DATABASE_URL")
        with FerretServer(ferretdb, address) as server:
            yield server.url(name)


def has(module: str) -> bool:
    """Whether the module exists; raises ModuleNotFoundError where its package does not."""
    return importlib.util.find_spec(module) is not None


def load(name: str) -> Service[Any, Any]:
    """The service that the package of that name declares."""
    service: Service[Any, Any] = importlib.import_module(f"{name}.main").SERVICE
    return service


def _folder(package: str) -> str:
    return str(Path(str(importlib.import_module(package).__file__)).parent)


if __name__ == "__main__":
    raise SystemExit(main())
