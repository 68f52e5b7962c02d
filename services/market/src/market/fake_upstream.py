"""A server that answers like CoinMarketCap's listings, for tests and machines without a key.

    python -m market.fake_upstream PORT

Prices are computed from the id, so two runs give the same. Every key but "wrong" is accepted.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PATH = "/v1/cryptocurrency/listings/latest"


@dataclass
class Upstream:
    """The server's behaviour; a test changes it while the server runs."""

    next: deque[Response] = field(default_factory=deque)
    """Answers to give first, each once."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Query and key of every request."""
    price_factor: int = 1

    def application(self) -> Starlette:
        """The server as an application."""
        return Starlette(routes=[Route(PATH, self._listings)])

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Serve in a thread, on a port of loopback that nobody else has; yields the address."""
        server = uvicorn.Server(uvicorn.Config(self.application(), host="127.0.0.1", port=0, log_config=None))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)

    async def _listings(self, request: Request) -> Response:
        key = request.headers.get("X-CMC_PRO_API_KEY")
        self.requests.append({**request.query_params, "key": key})
        if self.next:
            return self.next.popleft()
        if key in {None, "", "wrong"}:
            return JSONResponse({"status": {"error_code": 1001, "error_message": "This API Key is invalid."}}, 401)
        limit = int(request.query_params.get("limit", "100"))
        return JSONResponse({"data": [self._listing(number) for number in range(1, limit + 1)]})

    def _listing(self, number: int) -> dict[str, Any]:
        price = number * 1.25 * self.price_factor
        return {"id": number, "name": f"Coin {number}", "symbol": f"C{number}", "quote": {"USD": {"price": price}}}


if __name__ == "__main__":
    uvicorn.run(Upstream().application(), host="127.0.0.1", port=int(sys.argv[1]))
