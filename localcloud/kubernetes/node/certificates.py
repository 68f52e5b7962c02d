"""Where the certificates of the embedded Kubernetes lie, and when they are made anew."""

from __future__ import annotations

import time
from pathlib import Path

_RENEW_DAYS = 300  # they last a year; a start after this makes new ones


class Certificates:
    """Files in `folder`: `<name>.crt` and `<name>.key` for ca and each of the others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = folder / "ca.crt"

    def certificate(self, name: str) -> Path:
        """The certificate of ca, apiserver, apiserver-kubelet, front-proxy, metrics-server or kubelet."""
        return self._folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        """Its private key, mode 0600."""
        return self._folder / f"{name}.key"

    @property
    def are_current(self) -> bool:
        """Whether all exist and are young enough."""
        last = self.certificate("kubelet")  # made last: where it exists, all do
        return last.exists() and time.time() - last.stat().st_mtime < _RENEW_DAYS * 86400
