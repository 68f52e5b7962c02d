"""The function's environment variables as a type: parsed once per cold start, used everywhere instead of strings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from .errors import Misconfigured

Flavour = Literal["rest", "http"]
Source = Literal["random", "listings"]
Text = Annotated[str, StringConstraints(min_length=1)]
_LOCAL_URL = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?(/|$)")


class Settings(BaseModel):
    """What the stack tells the function. `function.toml` lists the same names for the stack's side."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_flavour: Flavour
    """`rest` is API Gateway's REST API (payload 1.0), `http` its HTTP API (payload 2.0)."""
    api_base_path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$")] = ""
    """Path under which a custom domain serves the API, without slashes at the ends; empty: at the root."""
    archive_bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    archive_account_id: Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
    """Account that must own the bucket: a write to a bucket of the same name elsewhere is refused by S3."""
    archive_region: Text
    archive_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")]
    """Leading part of every key, the only one the bucket policy opens; no slash at the ends."""
    idempotency_table: Text
    """DynamoDB table with the string key `id` and the TTL attribute `expiration`."""
    source: Source = "random"
    """`random` invents records, `listings` fetches them from the API at `listings_url`."""
    listings_secret_arn: Text | None = None
    """Secret with the JSON text {"api_key": "..."}; needed by `listings`."""
    listings_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$")] = (
        "https://pro-api.coinmarketcap.com/v1/cryptocurrency/listings/latest"
    )
    default_records: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many records a request without `records` gets."""

    @field_validator("listings_url")
    @classmethod
    def _encrypted_unless_local(cls, value: str) -> str:
        if value.startswith("http://") and not _LOCAL_URL.match(value):
            raise ValueError("must be https: the request carries the API key")
        return value

    @model_validator(mode="after")
    def _listings_need_their_key(self) -> Self:
        if self.source == "listings" and self.listings_secret_arn is None:
            raise ValueError("SOURCE=listings needs LISTINGS_SECRET_ARN")
        return self

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """The settings in `environ`; an empty variable counts as absent. Raises Misconfigured naming each wrong one."""
        present = {name: value for name in cls.model_fields if (value := environ.get(name.upper(), ""))}
        # Lambda sets AWS_REGION; the archive is in that region unless the stack names another.
        present.setdefault("archive_region", environ.get("AWS_REGION", ""))
        try:
            return cls.model_validate(present)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in item['loc']).upper() or 'environment'}: {item['msg']}"
                for item in error.errors(include_url=False, include_input=False)
            )
            raise Misconfigured(problems) from error
