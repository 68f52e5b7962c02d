"""What a function prints is taken whole, however late the thread that follows it gets to run."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import IO

import pytest

from localcloud.aws.lambda_output import FunctionOutput


@pytest.fixture
def pipe() -> Iterator[tuple[IO[bytes], FunctionOutput]]:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as printed, os.fdopen(reading, "rb") as stream:
        yield printed, FunctionOutput(stream)


def texts(output: FunctionOutput) -> list[str]:
    return [text for _, text in output.take()]


def test_what_was_printed_before_is_taken_though_nobody_follows(pipe: tuple[IO[bytes], FunctionOutput]) -> None:
    printed, output = pipe
    printed.write(b"one\ntwo\n")
    assert texts(output) == ["one", "two"]
    assert texts(output) == []


def test_a_line_without_its_end_is_taken_once(pipe: tuple[IO[bytes], FunctionOutput]) -> None:
    printed, output = pipe
    printed.write(b"no end")
    assert texts(output) == ["no end"]
    printed.write(b" yet\n")
    assert texts(output) == [" yet"]


def test_the_end_of_the_process_ends_the_following(pipe: tuple[IO[bytes], FunctionOutput]) -> None:
    printed, output = pipe
    follower = threading.Thread(target=output.follow)
    follower.start()
    printed.write(b"last\xff words\n")
    printed.close()
    follower.join()
    assert texts(output) == ["last\N{REPLACEMENT CHARACTER} words"]
