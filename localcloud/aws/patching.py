"""Changes moto's classes in place: with each patch once, and only where they are what the patch expects."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from groundwork.errors import LocalCloudError

Method = Callable[..., Any]

_PATCHES = "__groundwork_patches__"  # what a method was wrapped with


def wrap(owner: Any, name: str, patch: Method) -> None:
    """Let calls of the method `name` of the class `owner` reach `patch`, with the original method in front.

    Of a static or class method, `patch` gets the original and the arguments of the call alone. A second `wrap` with
    the same patch changes nothing; another patch comes in front of the first. Raises LocalCloudError where moto no
    longer has the method: then the patch needs a review.
    """
    original = getattr(owner, name, None)
    if original is None:
        raise _changed(owner, name)
    applied: tuple[Method, ...] = getattr(original, _PATCHES, ())
    if patch in applied:
        return

    @functools.wraps(original)
    def patched(*args: Any, **keywords: Any) -> Any:
        return patch(original, *args, **keywords)

    setattr(patched, _PATCHES, (*applied, patch))
    is_bound = isinstance(inspect.getattr_static(owner, name), staticmethod | classmethod)
    setattr(owner, name, staticmethod(patched) if is_bound else patched)


def add(owner: Any, *methods: Method) -> None:
    """Give the class `owner` methods that moto lacks, under their own names; a method that moto has stays."""
    for method in methods:
        if not hasattr(owner, method.__name__):
            setattr(owner, method.__name__, method)


def replace_property(owner: Any, name: str, getter: Callable[[Any], Any]) -> None:
    """Replace the property `name` of the class `owner`; raises LocalCloudError where it is not a property."""
    if not isinstance(getattr(owner, name, None), property):
        raise _changed(owner, name)
    setattr(owner, name, property(getter))


def _changed(owner: Any, name: str) -> LocalCloudError:
    full_name = f"{getattr(owner, '__module__', '')}.{getattr(owner, '__qualname__', owner)}.{name}"
    return LocalCloudError(
        f"moto has no {full_name} any more, which the embedded AWS builds on",
        fix="install the moto version of Pipfile.lock: make setup",
    )
