"""Checks the arguments of generated classes as stock does, without evaluating their annotations at every call.

Code that jsii-pacmak generates calls `typing.get_type_hints(_typecheckingstub__…)` and then `typeguard.check_type` for
each argument. Both took half of the Python side's time. Here the hints of a stub are evaluated once, and an argument
that clearly has its type is accepted at once; typeguard judges every other one, and writes the error.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typeguard

_STUB = "_typecheckingstub__"
_STOCK = "__wrapped__"


def install() -> None:
    """Makes the checks of this process fast; calling it again changes nothing."""
    if not hasattr(typeguard.check_type, _STOCK):
        setattr(typing, "get_type_hints", _evaluated_once(typing.get_type_hints))  # noqa: B010 - mypy forbids assigning it
        setattr(typeguard, "check_type", _quick_first(typeguard.check_type))  # noqa: B010


def remove() -> None:
    """Puts Python's and typeguard's own functions back."""
    for module, name in ((typing, "get_type_hints"), (typeguard, "check_type")):
        function = getattr(module, name)
        setattr(module, name, getattr(function, _STOCK, function))


def _evaluated_once(stock: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    known: dict[object, dict[str, Any]] = {}

    @functools.wraps(stock)
    def get_type_hints(obj: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        if arguments or options or not getattr(obj, "__name__", "").startswith(_STUB):
            return stock(obj, *arguments, **options)
        if obj not in known:
            known[obj] = stock(obj)
        return known[obj]

    return get_type_hints


def _quick_first(stock: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(stock)
    def check_type(argname: str, value: object, expected_type: Any, *arguments: Any, **options: Any) -> None:
        if not clearly_fits(value, expected_type):
            stock(argname, value, expected_type, *arguments, **options)

    return check_type


def clearly_fits(value: Any, expected: Any) -> bool:
    """Whether a value has a type without a doubt; False means that it has to be looked at."""
    if expected is Any:
        return True
    origin = getattr(expected, "__origin__", None)
    if origin is typing.Union:
        return any(clearly_fits(value, each) for each in expected.__args__)
    if origin is Mapping and type(value) is dict:
        key, content = expected.__args__
        return all(clearly_fits(k, key) and clearly_fits(v, content) for k, v in value.items())
    if origin is Sequence and type(value) is list:
        return all(clearly_fits(each, expected.__args__[0]) for each in value)
    # Not isinstance: a protocol, and a class with its own idea of instances, is typeguard's to judge.
    return origin is None and expected in type(value).__mro__
