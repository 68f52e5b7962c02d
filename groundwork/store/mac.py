"""Keyed MACs over a bundle and over what it would change: nobody without the key can forge them.

A message begins with its purpose, so that a MAC for one purpose cannot be used for the other.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_KEY_BYTES = 32  # HMAC_256 (KMS developer guide, "HMAC keys in AWS KMS")


class Mac(Protocol):
    """Generates and verifies MACs, in base64, with a key that it holds."""

    def generate(self, message: bytes) -> str:
        """The MAC of a message of at most 4096 bytes, KMS's limit."""

    def verify(self, message: bytes, mac: str) -> bool:
        """Whether the MAC is of this message and made with this key."""


def bundle_message(*, digest: str, environment: str, stack: str, commit: str, run_id: str, run_attempt: int) -> bytes:
    """What the MAC of a bundle covers: these bytes, for this stack, planned by this run from this commit."""
    return _message(
        "bundle",
        {
            "digest": digest,
            "environment": environment,
            "stack": stack,
            "commit": commit,
            "run_id": run_id,
            "run_attempt": str(run_attempt),
        },
    )


def fingerprint_message(*, semantic_digest: str, environment: str, stack: str) -> bytes:
    """What a fingerprint covers: these changes to this stack, whoever plans them and when."""
    return _message("fingerprint", {"changes": semantic_digest, "environment": environment, "stack": stack})


def _message(purpose: str, fields: Mapping[str, str]) -> bytes:
    # Hashed, so that its length stays below KMS's limit; JSON, so that fields cannot run into each other.
    text = json.dumps({"groundwork": purpose, **fields}, sort_keys=True, separators=(",", ":"))
    return f"groundwork-{purpose}-1:{hashlib.sha256(text.encode()).hexdigest()}".encode()


@dataclass(frozen=True)
class KmsMac:
    """A key that never leaves KMS: plan roles may generate MACs with it, the apply role may verify them."""

    client: Any
    """A boto3 client of KMS."""
    key: str
    """Alias, id or ARN."""

    def generate(self, message: bytes) -> str:
        """See Mac."""
        answer = self.client.generate_mac(KeyId=self.key, Message=message, MacAlgorithm="HMAC_SHA_256")
        return base64.b64encode(answer["Mac"]).decode()

    def verify(self, message: bytes, mac: str) -> bool:
        """See Mac."""
        try:
            raw = base64.b64decode(mac, validate=True)
        except ValueError:
            return False
        if len(raw) != _KEY_BYTES:
            return False
        try:
            answer = self.client.verify_mac(KeyId=self.key, Message=message, Mac=raw, MacAlgorithm="HMAC_SHA_256")
        except self.client.exceptions.KMSInvalidMacException:
            return False
        return bool(answer["MacValid"])
