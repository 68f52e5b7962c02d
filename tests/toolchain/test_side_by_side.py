"""Several programs at once are ended together."""

from __future__ import annotations

import threading
import time

import pytest

from groundwork.toolchain.side_by_side import each


def test_results_come_in_the_order_of_the_items() -> None:
    def work(seconds: float, _: threading.Event) -> float:
        time.sleep(seconds)
        return seconds

    assert each(work, [0.05, 0.01, 0.03], at_once=2) == [0.05, 0.01, 0.03]


def test_the_first_failure_ends_the_others_and_starts_no_more() -> None:
    began: list[int] = []
    ended: list[int] = []

    def work(item: int, stop: threading.Event) -> None:
        began.append(item)
        if item == 0:
            raise ArithmeticError("first")
        assert stop.wait(5), "the others were not stopped"
        ended.append(item)

    with pytest.raises(ArithmeticError, match="first"):
        each(work, [1, 0, 2, 3, 4], at_once=2)
    assert 1 in ended
    assert 4 not in began
