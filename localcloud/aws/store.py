"""A key-value store per account, region and service for what moto has no model of; saved with moto's own state.

Values are plain data (dict, list, str, numbers, bytes, datetime), which a snapshot can hold.
"""

from __future__ import annotations

from typing import Any

Space = dict[str, Any]

_spaces: dict[tuple[str, str, str], Space] = {}


def space(account: str, region: str, service: str) -> Space:
    """The store of one service in one account and region, made on first use. Global services use region "aws"."""
    return _spaces.setdefault((account, region, service), {})


def dump() -> dict[tuple[str, str, str], Space]:
    """All spaces that are not empty, for the snapshot and the inventory."""
    return {key: dict(values) for key, values in _spaces.items() if values}


def restore(spaces: dict[tuple[str, str, str], Space]) -> None:
    """Replace everything by the spaces of a snapshot."""
    _spaces.clear()
    _spaces.update({key: dict(values) for key, values in spaces.items()})
