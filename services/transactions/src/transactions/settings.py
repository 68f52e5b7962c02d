"""Settings of the transactions: environment variables, then lines of config/.env, then db_envs.yaml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError, YamlConfigSettingsSource
from servicekit.settings import Secret, ServiceSettings

FILE = "db_envs.yaml"
FILE_VARIABLE = "DB_ENVS"
"""Names another file."""


class TransactionsSettings(ServiceSettings):
    """Environment variables have these names in capitals. DATABASE_URL stands for all that begin with MONGO_."""

    database_kinds = frozenset({"mongodb"})

    mongo_host: str = "localhost"
    """One host, or several with ports, separated by commas."""
    mongo_port: int = Field(default=27017, ge=1, le=65535)
    mongo_database: str = Field(default="opayo", min_length=1)
    mongo_username: str = Field(default="opayo", min_length=1)
    mongo_password: Secret | None = None
    mongo_options: str = ""
    """Of the connection, such as `tls=true&tlsCAFile=/etc/ca.pem` or `replicaSet=rs0`."""
    mongo_admin_url: Secret | None = None
    """For `tx init-db`: the address of a user who may create users. Without it `tx` does not log in, which works only
    on a server whose access control is not enabled yet."""
    transactions_auth_token: Secret | None = None
    """With it every request needs the token; without it everybody may read."""
    transactions_auth_token_previous: Secret | None = None
    """Still accepted while clients move to a new token."""

    @model_validator(mode="before")
    @classmethod
    def _address(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The address from its parts, where it is not given."""
        if values.get("database_url"):
            return values
        if not values.get("mongo_password"):
            raise ValueError("neither DATABASE_URL nor MONGO_PASSWORD is set")
        parts = {name: values.get(name, field.default) for name, field in cls.model_fields.items()}
        password = parts["mongo_password"]
        secret = password if isinstance(password, str) else password.get_secret_value()
        user = f"{quote(str(parts['mongo_username']), safe='')}:{quote(secret, safe='')}"
        return {**values, "database_url": f"mongodb://{user}@{_place(parts)}"}

    def address_without_user(self) -> str:
        """The address as nobody."""
        return f"mongodb://{_place(self.model_dump())}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file comes last."""
        file = _File(settings_cls, Path(os.environ.get(FILE_VARIABLE) or FILE))
        return init_settings, env_settings, dotenv_settings, file_secret_settings, file


def _place(parts: dict[str, Any]) -> str:
    """Hosts, database and options of an address."""
    hosts = str(parts["mongo_host"])
    if "," not in hosts and ":" not in hosts:
        hosts = f"{hosts}:{parts['mongo_port']}"
    options = f"?{parts['mongo_options']}" if parts["mongo_options"] else ""
    return f"{hosts}/{quote(str(parts['mongo_database']), safe='')}{options}"


class _File(YamlConfigSettingsSource):
    """The file, which may be in a repository or an image and so may hold no secret."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        if FILE_VARIABLE in os.environ and not path.is_file():
            raise SettingsError(f"{FILE_VARIABLE} names {path}, which is not a file")
        self._path = path
        super().__init__(settings_cls, yaml_file=path)

    def __call__(self) -> dict[str, Any]:
        values = super().__call__()
        allowed = {"mongo_host", "mongo_port", "mongo_database", "mongo_username", "mongo_options"}
        if others := sorted(set(self.yaml_data) - allowed):
            raise SettingsError(f"{self._path} may not have {', '.join(others)}: secrets are environment variables")
        return values
