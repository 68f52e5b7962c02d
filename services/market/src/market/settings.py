"""Settings of the market."""

from __future__ import annotations

from typing import Self

from pydantic import Field, HttpUrl, model_validator
from servicekit.settings import Secret, ServiceSettings


class MarketSettings(ServiceSettings):
    """Environment variables have these names in capitals."""

    market_auth_token: Secret | None = None
    """Needed to populate and to delete."""
    market_auth_token_previous: Secret | None = None
    """Still accepted while clients move to a new token."""
    market_open: bool = False
    """True: everybody may populate and delete, without a token."""
    coinmarketcap_api_key: Secret
    coinmarketcap_url: HttpUrl = HttpUrl("https://pro-api.coinmarketcap.com")
    coinmarketcap_coins: int = Field(default=100, ge=1, le=5000)
    """How many coins, by market value, a population takes; CoinMarketCap bills per 200."""
    coinmarketcap_seconds: float = Field(default=5.0, gt=0)
    """How long one attempt may take."""
    coinmarketcap_total_seconds: float = Field(default=15.0, gt=0)
    """How long all attempts together may take."""

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.market_auth_token is None and not self.market_open:
            raise ValueError("MARKET_AUTH_TOKEN is missing; MARKET_OPEN=true lets everybody write")
        return self
