"""One module per AWS service: `install()` patches moto in place, `ROUTES` answers REST calls that moto lacks.

A module may have either or both. It joins by existing: no list names it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from localcloud.aws.routing import Route


def modules() -> Iterator[ModuleType]:
    """Every module of this package, in the order of their names."""
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        yield importlib.import_module(f"{__name__}.{name}")


def install_all() -> list[Route]:
    """Apply every patch and return the routes of all services; of two routes for a request the first answers."""
    routes: list[Route] = []
    for module in modules():
        if hasattr(module, "install"):
            module.install()
        routes.extend(getattr(module, "ROUTES", ()))
    return routes
