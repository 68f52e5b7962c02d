"""What the API gives."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

SHOWN_DIGITS = 4


class Transaction(BaseModel):
    """A payment by card."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    key: str = Field(alias="_id", examples=["6d0d21a5-1f0c-4f0e-9c0f-0a3b8f6f2f11"])
    date: int = Field(examples=[1767225600000])
    """Milliseconds since 1970, UTC."""
    currency: str = Field(examples=["EUR"])
    amount: float = Field(examples=[123.45])
    vendor: str = Field(examples=["Lee and Sons"])
    card_type: str = Field(alias="cardType", examples=["Visa"])
    card_number: str = Field(alias="cardNumber", examples=["************1234"])
    """Nothing but its last digits."""
    address: str = Field(examples=["1 Main Street"])
    country: str = Field(alias="countryOrigin", examples=["US"])


FIELDS = [field.alias or name for name, field in Transaction.model_fields.items()]
"""As they are stored."""


class Count(BaseModel):
    """How many there are."""

    count: int = Field(examples=[42])


def masked(number: object) -> str:
    """A card number of which the last digits are left; nothing of a text that is too short to be one."""
    text = str(number)
    shown = text[-SHOWN_DIGITS:] if len(text) > 2 * SHOWN_DIGITS else ""
    return "*" * (len(text) - len(shown)) + shown
