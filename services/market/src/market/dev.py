"""What a developer's market has around it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from market.fake_upstream import Upstream


def surroundings(stack: ExitStack, environ: Mapping[str, str]) -> dict[str, str]:
    """Coins from memory unless a key is set; everybody on this machine may write."""
    made = {"MARKET_OPEN": "true"}
    if "COINMARKETCAP_API_KEY" not in environ:
        made["COINMARKETCAP_URL"] = stack.enter_context(Upstream().listening())
    return made
