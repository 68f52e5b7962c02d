"""One module per AWS service: `install()` patches moto in place, `ROUTES` answers REST calls moto lacks.

A module joins by existing: nothing lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from localcloud.aws.routing import Route


def modules() -> Iterator[ModuleType]:
    """Every module of this package, in the order of their names."""
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        yield importlib.import_module(f"{__name__}.{found.name}")


def install_all() -> list[Route]:
    """Apply every patch and return the routes of all services, first match wins."""
    routes: list[Route] = []
    for module in modules():
        module.install()
        routes.extend(getattr(module, "ROUTES", ()))
    return routes
