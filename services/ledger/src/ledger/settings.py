"""Settings of the ledger. The names are QLedger's where it has the same setting."""

from __future__ import annotations

from pydantic import Field
from servicekit.settings import Secret, ServiceSettings


class LedgerSettings(ServiceSettings):
    """Environment variables have these names in capitals."""

    ledger_auth_token: Secret
    ledger_auth_token_previous: Secret | None = None
    """Still accepted while clients move to a new token."""
    port: int = Field(default=7000, ge=0, le=65535)
    ledger_strict: bool = False
    """True: QLedger's API as it is, quirks included. False: with the corrections that README.md lists."""
    ledger_page_size: int = Field(default=100, ge=1)
    """Results of a search that names no size; strict mode has no limit."""
    ledger_page_limit: int = Field(default=1000, ge=1)
    """The largest size that a search may name; strict mode has no limit."""
