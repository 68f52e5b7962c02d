"""How moto's classes are changed in place: once each, and only where they are as the patch expects."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from groundwork.errors import LocalCloudError

_MARK = "__groundwork_patch__"


def wrap(owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace the method `name` of the class `owner` by `make(original)`; a second call changes nothing.

    Static and class methods are replaced by static ones: what `make` returns gets the arguments of the call alone.
    Raises LocalCloudError when `owner` has no such method: moto changed, and the patch has to be looked at again.
    """
    original = getattr(owner, name, None)
    if original is None:
        raise _changed(owner, name)
    if hasattr(original, _MARK):
        return
    patched = make(original)
    setattr(patched, _MARK, True)
    bound = isinstance(inspect.getattr_static(owner, name), staticmethod | classmethod)
    setattr(owner, name, staticmethod(patched) if bound else patched)


def add(owner: Any, name: str, method: Callable[..., Any]) -> None:
    """Give the class `owner` a method that moto lacks; one that moto brings by now stays as it is."""
    if not hasattr(owner, name):
        setattr(owner, name, method)


def replace_property(owner: Any, name: str, getter: Callable[[Any], Any]) -> None:
    """Replace the property `name` of the class `owner`; raises LocalCloudError when it is no property."""
    if not isinstance(getattr(owner, name, None), property):
        raise _changed(owner, name)
    setattr(owner, name, property(getter))


def _changed(owner: Any, name: str) -> LocalCloudError:
    where = f"{getattr(owner, '__module__', '')}.{getattr(owner, '__qualname__', owner)}"
    return LocalCloudError(
        f"moto has no {where}.{name} any more, which the embedded AWS builds on",
        fix="install the moto version of Pipfile.lock: make setup",
    )
