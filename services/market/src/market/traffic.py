"""What a load test sends the market, whose upstream answers from memory: refreshed coins, and a page of them."""

from __future__ import annotations

from servicekit.load import Traffic

TRAFFIC = (
    Traffic.same("populate", "POST", "/populate"),
    Traffic.same("page of 20", "GET", "/coins?limit=20"),
)
