"""A store in memory, which tests can tamper with."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field

from groundwork.store.objects import AlreadyStored, NotReadable, NotStored, Place
from groundwork.store.plan_store import PlanStore

_ROOT = "memory://store/"


@dataclass(frozen=True)
class MemoryObjects:
    """Write-once bytes by key; `stored` can be edited."""

    stored: dict[str, bytes] = field(default_factory=dict)

    def put_new(self, key: str, body: bytes, *, media_type: str, for_planners: bool = False) -> Place:
        if key in self.stored:
            raise AlreadyStored(key)
        assert media_type
        assert not for_planners or key.startswith("deployed/")
        self.stored[key] = body
        return Place(f"{_ROOT}{key}", "1")

    def key_of(self, location: str) -> str:
        if not location.startswith(_ROOT):
            raise NotReadable(location)
        return location.removeprefix(_ROOT)

    def get(self, key: str, version: str) -> bytes:
        if version != "1":
            raise NotStored(key)
        return self.newest(key)

    def newest(self, key: str) -> bytes:
        if key not in self.stored:
            raise NotStored(key)
        return self.stored[key]

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.stored if key.startswith(prefix))


@dataclass(frozen=True)
class MemoryMac:
    """HMAC-SHA256 with its own key."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def generate(self, message: bytes) -> str:
        return base64.b64encode(hmac.digest(self.key, message, "sha256")).decode()

    def verify(self, message: bytes, mac: str) -> bool:
        return hmac.compare_digest(self.generate(message).encode(), mac.encode())


def store() -> PlanStore:
    """An empty store of `local`."""
    return PlanStore("local", MemoryObjects(), MemoryMac())


def objects(store: PlanStore) -> MemoryObjects:
    """The objects of a store, to tamper with."""
    assert isinstance(store.objects, MemoryObjects)
    return store.objects
