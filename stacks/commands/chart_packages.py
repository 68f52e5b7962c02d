"""Helm charts as packages whose bytes depend on the chart and its version alone."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import struct
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from groundwork import bounded_yaml
from groundwork.errors import ReleaseFailed, UsageError
from groundwork.files import write_atomically
from stacks.commands.helm_program import HelmProgram

# SemVer without build metadata: S3 reads a + in an address as a space, and a registry takes none in a tag.
_VERSION = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
_NAME = r"[a-z0-9]+(-[a-z0-9]+)*"
FILE = re.compile(rf"{_NAME}-{_VERSION}\.tgz")
"""Name of a package in every repository."""
_MOMENT = 315_532_800  # 1980-01-01, as in the zips of functions
_BLOCK = 0xFFFF


@dataclass(frozen=True)
class Package:
    """A chart's archive. `sha256` is hexadecimal, as in a repository's index."""

    path: Path
    name: str
    version: str
    data: bytes

    @property
    def file(self) -> str:
        """The archive's name in every repository."""
        return f"{self.name}-{self.version}.tgz"

    @property
    def sha256(self) -> str:
        """Digest of the archive."""
        return hashlib.sha256(self.data).hexdigest()


def package(helm: HelmProgram, chart: Path, *, out: Path, version: str = "") -> Package:
    """Write `<name>-<version>.tgz` of a chart's folder into `out`; `version` is Chart.yaml's by default.

    A given version is the application's, too. Raises UsageError for a version that not every repository can hold,
    ReleaseFailed where Helm cannot package the chart.
    """
    if version:
        _check_version(version, "--version")
    flags = ["--version", version, "--app-version", version] if version else []
    with tempfile.TemporaryDirectory(prefix="groundwork-chart-") as folder:
        helm.require("package", str(chart), *flags, "--destination", folder, problem=f"{chart} cannot be packaged")
        (made,) = Path(folder).iterdir()
        data = _normalised(made.read_bytes())
    path = out / made.name
    write_atomically(path, data)
    return read(path)


def read(path: Path) -> Package:
    """The package in a file, with the name and version of the Chart.yaml in it; raises UsageError for other files."""
    try:
        data = path.read_bytes()
        name, version = _identity(data)
    except (OSError, tarfile.TarError, zlib.error, EOFError, KeyError, ValueError) as error:
        raise UsageError(f"{path} is not a packaged chart: {error}", fix="gw charts package") from error
    _check_version(version, str(path))
    if not re.fullmatch(_NAME, name) or path.name != f"{name}-{version}.tgz":
        raise UsageError(f"{path} holds {name} {version}", fix="call the file <name>-<version>.tgz: gw charts package")
    return Package(path, name, version, data)


def _check_version(version: str, where: str) -> None:
    if not re.fullmatch(_VERSION, version):
        raise UsageError(
            f"{where}: {version!r} is not a version such as 1.2.3 or 1.2.3-rc.1", fix="gw charts package --version …"
        )


def _identity(data: bytes) -> tuple[str, str]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:  # whole, so that its checksum is compared
        for entry in archive:
            if re.fullmatch(r"[^/]+/Chart\.yaml", entry.name) and entry.size <= bounded_yaml.MOST_BYTES:
                file = archive.extractfile(entry)
                about = bounded_yaml.load(file.read().decode()) if file else None
                if isinstance(about, dict):
                    return str(about["name"]), str(about["version"])
    raise ValueError("it has no Chart.yaml")


def _normalised(data: bytes) -> bytes:
    """The same archive without the time of day, which Helm writes for each file; its order is the chart's."""
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as old,
        tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for entry in old:
            file = old.extractfile(entry)
            if file is None:
                raise ReleaseFailed(f"{entry.name} in the chart is not a file", fix="replace it by a file")
            plain = tarfile.TarInfo(entry.name)
            plain.size, plain.mode, plain.mtime = entry.size, 0o644, _MOMENT
            new.addfile(plain, file)
    return _gzip(made.getvalue())


def _gzip(data: bytes) -> bytes:
    """A gzip file (RFC 1952) of stored blocks (RFC 1951, section 3.2.4).

    Not compressed, for the reason that groundwork/packaging/archive.py gives: zlib and its replacements make different
    bytes of the same input.
    """
    blocks = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
    stored = b"".join(
        struct.pack("<BHH", number == len(blocks), len(block), len(block) ^ _BLOCK) + block
        for number, block in enumerate(blocks, start=1)
    )
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stored + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
