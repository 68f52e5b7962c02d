"""The demo's figures: the time of each step, and the memory of all processes."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from demo.measure import Measured, watching
from groundwork.toolchain.memory import resident


def test_a_step_that_raises_is_timed() -> None:
    measured = Measured()

    def fail() -> None:
        with measured.step("divide"):
            time.sleep(0.01)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail()
    assert measured.seconds["divide"] >= 0.01
    assert measured.total == measured.seconds["divide"]


def test_memory_includes_children_and_counts_each_process_once() -> None:
    hungry = [sys.executable, "-c", "x = bytearray(200_000_000); print('ready', flush=True); input()"]
    child = subprocess.Popen(hungry, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        assert resident(child.pid) > 200_000_000
        assert resident(child.pid, child.pid) < 2 * resident(child.pid)
        measured = Measured()
        with watching(measured):
            time.sleep(1.2)
        assert measured.peak_bytes > 200_000_000
    finally:
        child.kill()
        child.communicate()
