"""Unit tests start nothing: what the marker `unit` promises."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.support import levels


@pytest.mark.parametrize("pattern", [*levels.UNIT, *levels.LONGEST])
def test_every_file_of_unit_and_of_long_tests_exists(pattern: str) -> None:
    assert list(levels.TESTS.glob(pattern))


def test_a_unit_test_cannot_start_a_program() -> None:
    with levels.guard(), pytest.raises(levels.NotAUnitTest, match="starts or connects"):
        subprocess.run([sys.executable, "-c", ""], check=True)


def test_a_unit_test_cannot_open_a_connection() -> None:
    with levels.guard(), socket.socket() as connection, pytest.raises(levels.NotAUnitTest):
        connection.connect(("127.0.0.1", 9))


def test_the_guard_ends_with_the_test() -> None:
    with levels.guard():
        pass
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0
