"""Patches are applied once, and fail when moto is no longer what they were written for."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.errors import LocalCloudError
from localcloud.aws.patching import Method, add, replace_property, wrap


class Counter:
    step = 1

    def next(self, value: int) -> int:
        return value + self.step

    @staticmethod
    def start(name: str) -> int:
        return len(name)

    @classmethod
    def names(cls) -> list[str]:
        return [cls.__name__]

    @property
    def label(self) -> str:
        return "plain"


def doubled(original: Method, *arguments: Any) -> Any:
    return original(*arguments) * 2


def test_a_method_is_wrapped_once_however_often_wrap_is_called() -> None:
    class Own(Counter):
        pass

    for _ in range(3):
        wrap(Own, "next", doubled)

    assert Own().next(4) == 10
    assert Counter().next(4) == 5


def test_a_second_patch_of_a_method_comes_in_front_of_the_first() -> None:
    """Two services change one method of S3; the second one was dropped without a word."""

    class Own(Counter):
        pass

    def plus_one(original: Method, *arguments: Any) -> Any:
        return original(*arguments) + 1

    for patch in (doubled, plus_one, doubled):
        wrap(Own, "next", patch)

    assert Own().next(4) == 11


def test_static_and_class_methods_get_the_arguments_of_the_call_alone() -> None:
    class Own(Counter):
        pass

    for name in ("start", "names"):
        wrap(Own, name, doubled)
        wrap(Own, name, doubled)

    assert Own.start("abc") == 6
    assert Own().start("abc") == 6
    assert Own.names() == ["Own", "Own"]


def test_a_method_that_moto_no_longer_has_is_named() -> None:
    with pytest.raises(LocalCloudError, match=r"moto has no .*Counter\.gone any more") as refused:
        wrap(Counter, "gone", doubled)
    assert refused.value.fix == "install the moto version of Pipfile.lock: make setup"


def test_a_property_that_became_something_else_is_named() -> None:
    with pytest.raises(LocalCloudError, match=r"Counter\.next"):
        replace_property(Counter, "next", lambda counter: "other")


def test_a_property_is_replaced() -> None:
    class Own(Counter):
        pass

    replace_property(Own, "label", lambda counter: f"step {counter.step}")
    assert Own().label == "step 1"


def test_a_method_that_moto_has_is_not_replaced() -> None:
    class Own(Counter):
        pass

    def next(self: Own, value: int) -> int:  # noqa: A001
        return 0

    def previous(self: Own, value: int) -> int:
        return value - self.step

    add(Own, next, previous)
    assert Own().next(1) == 2
    assert Own().previous(1) == 0
