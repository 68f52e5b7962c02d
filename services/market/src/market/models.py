"""What the API gives, and what of CoinMarketCap's answer is used."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, Field


class Populated(BaseModel):
    """How many coins were new, and how many got another price."""

    status: str = "Database populated successfully"
    inserted: int = Field(examples=[100])
    updated: int = Field(examples=[0])


class Deleted(BaseModel):
    """How many coins were deleted."""

    status: str = "Data deleted successfully"
    deleted: int = Field(examples=[100])


class Coin(BaseModel):
    """A coin with its price in US dollars when it was last populated."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Bitcoin"])
    symbol: str = Field(examples=["BTC"])
    price: float | None = Field(examples=[64123.25])
    updated_at: str = Field(examples=["2026-01-01T00:00:00+00:00"])


class Price(BaseModel):
    """A price, null for a coin that nobody trades."""

    price: Decimal | None


class Quote(BaseModel):
    """Prices by currency."""

    USD: Price


class Listing(BaseModel):
    """A coin as CoinMarketCap lists it."""

    id: int
    name: str
    symbol: str
    quote: Quote


class Listings(BaseModel):
    """CoinMarketCap's answer."""

    data: list[Listing]
