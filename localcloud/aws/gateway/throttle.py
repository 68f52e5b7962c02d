"""Token buckets: `burst` calls at once, refilled with `rate` calls per second, as API Gateway throttles."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from localcloud.aws.gateway.call import GatewayError


class Throttle:
    """All buckets of one server; `clock` in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[object, ...], tuple[float, float]] = {}

    def take(self, key: tuple[object, ...], *, rate: float | None, burst: float | None) -> None:
        """Take one token from the bucket `key`; raises GatewayError (429) where it is empty.

        A limit that is None or negative does not limit. A changed limit starts with a full bucket.
        """
        if rate is None or burst is None or rate < 0 or burst < 0:
            return
        key = (*key, rate, burst)
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.get(key, (float(burst), now))
            tokens = min(float(burst), tokens + (now - since) * rate)
            if tokens < 1:
                self._buckets[key] = (tokens, now)
                raise GatewayError(429, "Too Many Requests")
            self._buckets[key] = (tokens - 1, now)
