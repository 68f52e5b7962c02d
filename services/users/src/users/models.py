"""What the API takes and gives."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints

# Postgres stores no U+0000; MongoDB keeps to the same, so that users can move.
Text = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]+$", strip_whitespace=True)]


class UserIn(BaseModel):
    """A user to add."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Ann Lee", "username": "ann", "email": "ann@example.com"}]}
    )

    name: Text
    username: Text
    email: Annotated[EmailStr, Field(max_length=100)]


class User(BaseModel):
    """A user as stored."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    key: str = Field(alias="_id", examples=["4"])
    id: int | str = Field(examples=[4])
    """A number in Postgres; in MongoDB the same text as `_id`."""
    name: str = Field(examples=["Ann Lee"])
    username: str | None = Field(examples=["ann"])
    """None for users from before there were names."""
    email: str = Field(examples=["ann@example.com"])


class Health(BaseModel):
    """The process runs; /readyz says whether the database does."""

    status: str = Field(default="healthy", examples=["healthy"])


class Greeting(BaseModel):
    """What `/` answers."""

    message: str = Field(alias="Message", examples=["Hello, Sherpany!"])
