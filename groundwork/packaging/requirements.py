"""A function's requirements.txt: every package at one version, with the hash of each wheel it may come from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import PackagingError

_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.!+]+)(?P<hashes>(\s+--hash=sha256:[0-9a-f]{64})+)$"
)
# The Lambda runtime includes these; a second copy adds 20 MB and makes a cold start slower.
_INCLUDED_IN_RUNTIME = frozenset({"boto3", "botocore", "s3transfer"})


@dataclass(frozen=True)
class Lock:
    """A lock file. `versions` and `hashes` (SHA-256 of its wheels) are by a package's normalised name."""

    path: Path
    versions: Mapping[str, str]
    hashes: Mapping[str, frozenset[str]]

    @staticmethod
    def normal_name(name: str) -> str:
        """The name as PEP 503 compares it."""
        return re.sub(r"[-_.]+", "-", name).lower()

    @property
    def digest(self) -> str:
        """Changes when a version or hash does, not when a comment does."""
        lines = (f"{name}=={self.versions[name]} {sorted(self.hashes[name])}" for name in sorted(self.hashes))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_lock(path: Path) -> Lock:
    """Read `path`. Raises PackagingError for a line that is not `name==version --hash=sha256:...`."""
    try:
        return parse_lock(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PackagingError(f"{path} does not exist", fix="gw package --lock writes it") from error


def parse_lock(path: Path, text: str) -> Lock:
    """What `text` pins; `path` is for messages. Raises PackagingError as `read_lock` does."""
    versions: dict[str, str] = {}
    hashes: dict[str, frozenset[str]] = {}
    for line in text.replace("\\\n", " ").splitlines():
        content = re.sub(r"(^|\s)#.*", "", line).strip()
        if not content:
            continue
        match = _REQUIREMENT.match(content)
        if match is None:
            raise PackagingError(
                f"{path}: {content.split()[0]!r} is not pinned with hashes, or is an option",
                fix="change requirements.in and lock again: gw package --lock",
            )
        name = Lock.normal_name(match["name"])
        if name in versions:
            raise PackagingError(f"{path}: {name} is listed twice", fix="lock again: gw package --lock")
        if name in _INCLUDED_IN_RUNTIME:
            raise PackagingError(
                f"{path}: {name} comes with the Lambda runtime", fix="remove what needs it from requirements.in"
            )
        versions[name] = match["version"]
        hashes[name] = frozenset(re.findall(r"sha256:([0-9a-f]{64})", match["hashes"]))
    return Lock(path, versions, hashes)
