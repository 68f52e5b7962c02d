"""Lists as JSON arrays: page by page for those who ask for a page, otherwise everything."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from servicekit.problems import Problem

LARGEST_PAGE = 1000
"""That a client may ask for."""
PART = 10_000
"""Of a complete list: so much of it is in memory at a time, a few MB."""
_JSON = "application/json"
M = TypeVar("M", bound=BaseModel)

Limit = Annotated[
    int | None, Query(ge=1, le=LARGEST_PAGE, description="Length of a page; without it the list is complete")
]
After = Annotated[str | None, Query(max_length=500, description="X-Next-Cursor of the page before")]
NEXT_CURSOR: dict[str, Any] = {
    "X-Next-Cursor": {"description": "`after` of the next page; not on the last one", "schema": {"type": "string"}}
}


@dataclass(frozen=True)
class Page:
    """Documents as JSON, and the cursor of the next page if there is one."""

    documents: list[bytes]
    next: str | None

    @classmethod
    def of(cls, models: Sequence[M], limit: int, position: Callable[[M], Sequence[str | int]]) -> Self:
        """The first `limit` models; one more among them says that there is a next page, after the last one's place."""
        following = encode_cursor(*position(models[limit - 1])) if len(models) > limit else None
        return cls([model.model_dump_json().encode() for model in models[:limit]], following)


Read = Callable[[str | None, int], Awaitable[Page]]
"""Reads the page after a cursor, of at most so many documents."""


def list_of(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: a list of `model` that comes in pages."""
    return {200: {"model": list[model], "headers": NEXT_CURSOR}}  # type: ignore[valid-type]


async def answer(read: Read, *, limit: int | None, after: str | None) -> Response:
    """The page after `after`. Without a limit everything from there on, of which no more than a part is in memory."""
    page = await read(after, limit or PART)
    if limit is None and page.next is not None:
        return StreamingResponse(_everything(page, read), media_type=_JSON)
    headers = {} if page.next is None else {"X-Next-Cursor": page.next}
    return Response(b"[%b]" % b",".join(page.documents), headers=headers, media_type=_JSON)


async def _everything(page: Page, read: Read) -> AsyncIterator[bytes]:
    # The status is sent by now: a failure ends the connection, and the client sees an array that does not end.
    yield b"[" + b",".join(page.documents)
    while page.next is not None:
        page = await read(page.next, PART)
        yield b"".join(b"," + document for document in page.documents)
    yield b"]"


def encode_cursor(*position: str | int) -> str:
    """A cursor that names the place of a document in its list."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode()


def decode_cursor(cursor: str, *kinds: type[str] | type[int]) -> list[Any]:
    """The position that `encode_cursor` got, a value of each kind. Raises Problem for anything else."""
    try:
        position = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error) as error:
        raise Problem(400, "after is not the X-Next-Cursor of an earlier page") from error
    if not isinstance(position, list) or [type(part) for part in position] != list(kinds):
        raise Problem(400, "after is not the X-Next-Cursor of an earlier page of this kind")
    return position
