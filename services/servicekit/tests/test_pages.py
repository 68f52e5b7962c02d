"""Cursors and complete lists."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel
from servicekit import pages
from servicekit.pages import Page, decode_cursor, encode_cursor
from servicekit.problems import Problem
from starlette.responses import StreamingResponse


class Number(BaseModel):
    number: int


async def numbers(after: str | None, limit: int) -> Page:
    """The numbers below 5."""
    first = 0 if after is None else decode_cursor(after, int)[0] + 1
    listed = [Number(number=number) for number in range(first, min(first + limit + 1, 5))]
    return Page.of(listed, limit, lambda number: [number.number])


def test_a_cursor_holds_its_position() -> None:
    assert decode_cursor(encode_cursor("a/ü", 7), str, int) == ["a/ü", 7]


@pytest.mark.parametrize("cursor", ["bm9uc2Vuc2U=", "ü", "", encode_cursor(1), encode_cursor("a", "b"), "bnVsbA=="])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Problem, match="X-Next-Cursor"):
        decode_cursor(cursor, str)


def test_a_page_names_the_next_one_only_where_there_is_one() -> None:
    answer = asyncio.run(pages.answer(numbers, limit=5, after=None))
    assert (answer.body, "x-next-cursor" in answer.headers) == (
        b'[{"number":0},{"number":1},{"number":2},{"number":3},{"number":4}]',
        False,
    )
    answer = asyncio.run(pages.answer(numbers, limit=2, after=encode_cursor(0)))
    assert (answer.body, answer.headers["x-next-cursor"]) == (b'[{"number":1},{"number":2}]', encode_cursor(2))


def test_a_complete_list_is_sent_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PART", 2)

    async def parts() -> list[str | bytes | memoryview]:
        answer = await pages.answer(numbers, limit=None, after=None)
        assert isinstance(answer, StreamingResponse)
        return [part async for part in answer.body_iterator]

    assert asyncio.run(parts()) == [
        b'[{"number":0},{"number":1}', b',{"number":2},{"number":3}', b',{"number":4}', b"]",
    ]  # fmt: skip
