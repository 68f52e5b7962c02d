"""Settings of every service: environment variables, or lines of config/.env. No secret has a default."""

from __future__ import annotations

import sys
from typing import Annotated, ClassVar, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

Settings = TypeVar("Settings", bound="ServiceSettings")
Kind = Literal["postgresql", "mongodb"]
Secret = Annotated[SecretStr, Field(min_length=1)]


class ServiceSettings(BaseSettings):
    """What a service needs to start; a service adds its own fields in a subclass."""

    # A file mounted into the image's working folder; an environment variable has precedence.
    model_config = SettingsConfigDict(env_file="config/.env", extra="ignore", hide_input_in_errors=True)
    database_kinds: ClassVar[frozenset[Kind]] = frozenset({"postgresql"})

    database_url: Secret
    """Address of the database with user, password and TLS settings, as libpq or MongoDB's drivers read it."""
    migration_database_url: Secret | None = None
    """The same database as its owner, who may change the schema; without it migrations sign in as the service does."""
    administrator_database_url: Secret | None = None
    """Any database of the same server as one who may make databases and roles; only `provision` reads it."""
    host: str = "0.0.0.0"  # noqa: S104 (a pod is reached through its own address)
    port: int = Field(default=8080, ge=0, le=65535)
    host_prefix: str = Field(default="", pattern=r"^(/[^/]+)*$")
    """Path before every route of the API; /livez, /readyz and /metrics have none."""
    max_body_bytes: int = Field(default=1_000_000, ge=1)
    """A longer body is answered with 413 before it is read to its end."""
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    migrate_on_start: bool = True
    """False where an init container runs `<service> migrate`."""
    pool_size: int = Field(default=10, ge=1)
    """Connections of one process at most."""
    pool_wait_seconds: float = Field(default=2.0, gt=0)
    """How long a request waits for a connection before it is answered with 503."""
    statement_seconds: float = Field(default=10.0, gt=0)
    """How long one statement may take in the database."""
    drain_seconds: float = Field(default=0.0, ge=0)
    """After SIGTERM: not ready, but still serving, so that load balancers turn away first."""
    stop_seconds: float = Field(default=20.0, gt=0)
    """After draining: how long requests in progress may take."""

    @field_validator("database_url")
    @classmethod
    def _usable(cls, value: SecretStr) -> SecretStr:
        """The message never repeats the address, which may hold a password."""
        url = value.get_secret_value()
        kind: Kind = "mongodb" if is_mongo(url) else "postgresql"
        if kind not in cls.database_kinds:
            raise ValueError(f"the address has to be one of {' or '.join(sorted(cls.database_kinds))}")
        if kind == "mongodb":
            if not urlsplit(url).path.strip("/"):
                raise ValueError("the address names no database, as in mongodb://host/name")
            return value
        try:
            conninfo_to_dict(url)
        except psycopg.Error:
            raise ValueError("libpq cannot read the address") from None
        return value


def is_mongo(url: str) -> bool:
    """Whether an address is that of a MongoDB."""
    return url.startswith(("mongodb://", "mongodb+srv://"))


def read(settings: type[Settings]) -> Settings:
    """The settings from the environment. Exits with code 2 and names every variable that is missing or wrong."""
    try:
        return settings()
    except ValidationError as error:
        _explain(error)
    except SettingsError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2) from None


def _explain(error: ValidationError) -> NoReturn:
    for problem in error.errors(include_input=False, include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        if variable := "_".join(str(part) for part in problem["loc"]).upper():
            sys.stderr.write(f"error: environment variable {variable}: {message}\n  fix: set {variable}\n")
        else:
            sys.stderr.write(f"error: {message}\n")
    raise SystemExit(2)
