"""What the Terraform shim reads: the real Terraform, and which plan and files are approved for each folder.

The shim starts three times per stack, so this file imports nothing that takes time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "GROUNDWORK_TICKET"
"""Environment variable: path of the ticket."""
SHA256 = "GROUNDWORK_TICKET_SHA256"
"""Environment variable: SHA-256 in hex of the ticket, so that changing the file alone is not enough."""


class NoTicket(Exception):
    """There is no ticket, or not the one that was handed over; the text says which."""


@dataclass(frozen=True)
class StackTicket:
    """`files` is path below the stack's folder → SHA-256 in hex; `plan` is the approved plan among them."""

    stack: str
    plan: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Ticket:
    """`terraform` is the real program. `folders` is absolute path → what is approved for it. `started` is a folder into
    which the shim puts an empty file named like the stack before its apply begins.
    """

    terraform: str
    folders: Mapping[str, StackTicket]
    started: str

    def write(self, path: Path) -> dict[str, str]:
        """Write the ticket; returns the environment variables with which the shim finds it."""
        from groundwork.files import write_atomically  # noqa: PLC0415 - the shim only reads

        body = json.dumps(asdict(self), sort_keys=True).encode()
        write_atomically(path, body, mode=0o600)
        return {VARIABLE: str(path), SHA256: hashlib.sha256(body).hexdigest()}

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Ticket:
        """The ticket that the environment names; raises NoTicket."""
        path = environ.get(VARIABLE, "")
        if not path:
            raise NoTicket(f"{VARIABLE} is not set: only `gw deploy --approved` starts this program")
        try:
            body = Path(path).read_bytes()
        except OSError as error:
            raise NoTicket(f"the ticket {path} cannot be read: {error.strerror}") from error
        if hashlib.sha256(body).hexdigest() != environ.get(SHA256):
            raise NoTicket(f"the ticket {path} is not the one that was handed over")
        content = json.loads(body)
        folders = {folder: StackTicket(**fields) for folder, fields in content["folders"].items()}
        return cls(content["terraform"], folders, content["started"])

    def folder(self, path: Path) -> StackTicket | None:
        """What is approved for a folder; None where there is no such approval."""
        return self.folders.get(os.path.realpath(path))
