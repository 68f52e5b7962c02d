"""What the API takes and gives. Numbers of money are integers of the smallest unit."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt
from servicekit.problems import Problem

INT64 = 2**63
_STRICT_KEY = re.compile(r"[a-z_A-Z]+")
_STRICT_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")


def _storable(value: Any) -> Any:
    """Postgres stores neither U+0000 nor half a surrogate pair, and JSON has no NaN."""
    match value:
        case str():
            if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise ValueError("text with U+0000 or an unpaired surrogate cannot be stored")
        case float() if value != value or abs(value) == float("inf"):  # noqa: PLR0124 (NaN is not itself)
            raise ValueError("NaN and infinity are not JSON")
        case dict():
            for key, member in value.items():
                _storable(key)
                _storable(member)
        case list():
            for member in value:
                _storable(member)
    return value


def _or(default: Any) -> BeforeValidator:
    """As in Go, null means: not given."""
    return BeforeValidator(lambda value: default() if value is None else value)


Text = Annotated[str, Field(strict=True), AfterValidator(_storable)]
Data = Annotated[dict[str, Any], _or(dict), AfterValidator(_storable)]
Int64 = Annotated[StrictInt, Field(ge=-INT64, lt=INT64), _or(int)]
Id = Annotated[Text, _or(str)]


class AccountIn(BaseModel):
    """An account to create or to change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "alice", "data": {"product": "qw"}}]})

    id: Id = ""
    data: Data = {}
    balance: Int64 = 0
    """Ignored: lines alone change a balance."""


class Line(BaseModel):
    """What a transaction adds to one account."""

    account: Id = ""
    delta: Int64 = 0


class TransactionIn(BaseModel):
    """A transaction whose deltas add up to 0."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "abcd1234",
                    "lines": [{"account": "alice", "delta": -100}, {"account": "bob", "delta": 100}],
                    "timestamp": "2017-01-01 13:01:05.000",
                    "data": {"status": "paid"},
                }
            ]
        }
    )

    id: Id = ""
    lines: Annotated[list[Line], _or(list)] = []
    timestamp: Annotated[Text, _or(str)] = ""
    data: Data = {}

    def moment(self, *, strict: bool) -> datetime:
        """The time in UTC, now when none is named. Raises Problem for another form.

        The form is `2006-01-02 15:04:05.000`; ISO 8601 too unless `strict`.
        """
        if not self.timestamp:
            return datetime.now(UTC).replace(tzinfo=None)
        return moment(self.timestamp, strict=strict)

    def lines_by_account(self) -> list[dict[str, Any]]:
        """The lines as they are stored and shown; those of one account stay in the client's order."""
        return [line.model_dump() for line in sorted(self.lines, key=lambda line: line.account)]


def moment(text: str, *, strict: bool) -> datetime:
    """A time without zone, in UTC. Raises Problem."""
    if not strict or _STRICT_TIME.fullmatch(text):
        with suppress(ValueError, OverflowError):
            parsed = datetime.fromisoformat(text)
            return parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed
    raise Problem(400, "timestamp has to look like 2017-01-01 13:01:05.000")


def check_keys(data: dict[str, Any]) -> None:
    """Strict mode: the top-level keys that QLedger accepts. Raises Problem."""
    for key in data:
        if not _STRICT_KEY.fullmatch(key):
            raise Problem(400, "a key of data may have letters and underscores only")


class BalanceQuery(BaseModel):
    """An account, and the time (inclusive) up to which its lines count; all of them without a time."""

    account_id: Text
    on: Text | None = Field(default=None, examples=["2017-01-01 13:01:05.000"])


Comparison = Annotated[dict[Text, Any], AfterValidator(_storable)]


class Conditions(BaseModel):
    """Items are joined by AND under `must` and by OR under `should`; members of an item by AND."""

    fields: Annotated[list[dict[str, Comparison]], _or(list)] = []
    terms: Annotated[list[Data], _or(list)] = []
    ranges: Annotated[list[dict[Text, Comparison]], _or(list)] = []


class Query(BaseModel):
    """What has to hold."""

    must: Annotated[Conditions, _or(Conditions)] = Conditions()
    should: Annotated[Conditions, _or(Conditions)] = Conditions()


class Search(BaseModel):
    """A search; without conditions it lists everything, page by page."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "from": 0,
                    "size": 10,
                    "sort_time": "desc",
                    "query": {
                        "must": {"fields": [{"id": {"eq": "abcd1234"}}], "terms": [{"status": "paid"}]},
                        "should": {"ranges": [{"charge": {"gte": 2000, "lte": 4000}}]},
                    },
                }
            ]
        },
    )

    offset: Annotated[StrictInt, Field(alias="from", lt=INT64), _or(int)] = 0
    size: Annotated[StrictInt, Field(lt=INT64), _or(int)] = 0
    sort_time: Annotated[Text, _or(str)] = "asc"
    query: Annotated[Query, _or(Query)] = Query()
    after: Text | None = None
    """The X-Next-Cursor of the page before; not in strict mode."""


class AccountOut(BaseModel):
    """An account with its balance."""

    id: str
    balance: int
    data: dict[str, Any]


class LineOut(BaseModel):
    """A line of a transaction."""

    account: str
    delta: int


class TransactionOut(BaseModel):
    """A transaction; lines by account."""

    id: str
    timestamp: str = Field(examples=["2017-01-01T13:01:05Z"])
    data: dict[str, Any]
    lines: list[LineOut] | None


class BalanceOut(BaseModel):
    """A balance as of a time."""

    account_id: str
    on: str | None
    balance: int


Kind = Literal["accounts", "transactions"]
