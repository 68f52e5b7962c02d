"""What the assets of a stack contain: a digest of every file, one of every package in a zip, and texts to compare."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_MOST_UNPACKED = 600 * 2**20  # bytes; Lambda itself accepts 250 MiB
_LONGEST_TEXT = 256 * 2**10  # bytes of a file whose lines are compared
_ABOUT_PACKAGE = re.compile(r"(?P<name>[^/]+?)-(?P<version>[^/-]+)\.dist-info/")


@dataclass(frozen=True)
class Inventory:
    """`files`: path below the stack's folder (`zip!member` inside an archive) → SHA-256, or `link to …`.

    `packages`: `zip!name` of every Python package in a zip → its version and a digest of its files; these are not in
    `files`. `texts`: digest → content of the charts' files and of the Python in zips that belongs to no package.
    """

    files: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)


def of(folder: Path) -> Inventory:
    """The assets below a stack's folder."""
    made = Inventory()
    charts = [path.parent for path in (folder / "assets").rglob("Chart.yaml")]
    for path in sorted((folder / "assets").rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            made.files[name] = f"link to {path.readlink()}"
        elif path.is_file() and not (path.suffix == ".zip" and zipfile.is_zipfile(path) and _add_zip(made, name, path)):
            with path.open("rb") as file:
                made.files[name] = _sha256(file)
            if any(path.is_relative_to(chart) for chart in charts) and path.stat().st_size <= _LONGEST_TEXT:
                made.texts[made.files[name]] = path.read_bytes()
    return made


def _add_zip(made: Inventory, name: str, path: Path) -> bool:
    """Whether the members of an archive were added; a damaged one, or one beyond any real size, counts as one file."""
    members: dict[str, str] = {}
    texts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_UNPACKED:
                return False
            packages = _packages(archive)
            for member in archive.infolist():
                # zipfile reads no more than the size that the member declares.
                with archive.open(member) as content:
                    members[member.filename] = _sha256(content)
                is_own = member.filename.endswith(".py") and not _owner(member.filename, packages)
                if is_own and member.file_size <= _LONGEST_TEXT:
                    texts[members[member.filename]] = archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error):
        return False  # truncated, encrypted or of an unknown compression: the archive's own hash must suffice
    digests = {package: hashlib.sha256() for package in packages.values()}
    for filename, digest in sorted(members.items()):
        if owner := _owner(filename, packages):
            digests[owner].update(f"{filename} {digest}\n".encode(errors="surrogatepass"))
        else:
            made.files[f"{name}!{filename}"] = digest
    for (package, version), digest_of_files in digests.items():
        made.packages[f"{name}!{package}"] = f"{version} {digest_of_files.hexdigest()}"
    made.texts.update(texts)
    return True


def _packages(archive: zipfile.ZipFile) -> dict[str, tuple[str, str]]:
    """Name at the top of an archive → the package (name, version) that it belongs to.

    By the folders `<name>-<version>.dist-info`, and by their top_level.txt, which not every package has: what cannot be
    assigned counts as code of the function.
    """
    owners: dict[str, tuple[str, str]] = {}
    names = archive.namelist()
    for folder in dict.fromkeys(match[0] for name in names if (match := _ABOUT_PACKAGE.match(name))):
        match = _ABOUT_PACKAGE.match(folder)
        assert match  # noqa: S101 - it is what matched
        package = match["name"], match["version"]
        tops = [folder.rstrip("/"), match["name"], f"{match['name']}.libs"]
        if f"{folder}top_level.txt" in names:
            tops += archive.read(f"{folder}top_level.txt").decode(errors="replace").split()
        owners |= dict.fromkeys(tops, package)
    return owners


def _owner(member: str, packages: Mapping[str, tuple[str, str]]) -> tuple[str, str] | None:
    top = member.partition("/")[0]
    return packages.get(top) or packages.get(top.split(".")[0])


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
