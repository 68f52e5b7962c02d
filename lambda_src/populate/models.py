"""The request, the answer, and the file that is written."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import InvalidRequest, MalformedRequest

MAX_RECORDS = 1000


class PopulateRequest(BaseModel):
    """The body of POST /populate; an empty one is `{}`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    records: Annotated[int, Field(ge=1, le=MAX_RECORDS)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Makes the records repeatable: the same seed and number give the same records."""

    @classmethod
    def from_body(cls, body: str) -> PopulateRequest:
        """Parses `body`. Raises MalformedRequest when it is not JSON, InvalidRequest naming every wrong key."""
        try:
            return cls.model_validate_json(body.strip() or "{}")
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            if any(item["type"] == "json_invalid" for item in problems):
                raise MalformedRequest("The body is not JSON") from error
            sentences = (f"{'.'.join(map(str, item['loc'])) or 'body'}: {item['msg']}" for item in problems)
            raise InvalidRequest("; ".join(sentences)[:500]) from error


class Record(BaseModel):
    """One listing; `price` is in US dollars."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=255)]
    symbol: Annotated[str, Field(min_length=1, max_length=32)]
    price: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class File(BaseModel):
    """The JSON document written to the archive."""

    model_config = ConfigDict(frozen=True)

    created_at: str
    """ISO 8601, UTC."""
    source: str
    records: tuple[Record, ...]


class PopulateAnswer(BaseModel):
    """201: where the file is."""

    model_config = ConfigDict(frozen=True)

    key: str
    bucket: str
    records: int
    request_id: str
