"""A bundle as one file: `bundle.json` and, below `stack/`, the stack's folder as it was planned.

The same content gives the same bytes, whoever packs it and when, so that digests of the file can be compared.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from groundwork.errors import Refused, UsageError
from groundwork.plan import digest
from groundwork.plan.bundle import Bundle
from groundwork.refusals import Code, Refusal
from groundwork.terraform.terraform import PLAN_FILE

DESCRIPTION = "bundle.json"
FOLDER = "stack/"
_LARGEST = 1 << 30  # bytes unpacked: Lambda allows 250 MB per function, and a stack has few functions


def pack(folder: Path, bundle: Bundle) -> bytes:
    """The archive of a planned folder, whose files `bundle.files` must list.

    Raises UsageError where a file is a link or has changed since the plan.
    """
    if changes := digest.differences(bundle.files, folder):
        raise UsageError(f"{folder} changed while it was planned: {'; '.join(changes)}", fix="plan again")
    return _packed(bundle, {name: (folder / name).read_bytes() for name in bundle.files})


def without_plan(archive: bytes) -> bytes:
    """The same bundle without its plan file: only what was synthesised, which holds no secret.

    Raises Refused (bundle-tampered) where the archive is not exactly what it lists.
    """
    bundle, files = _read(archive)
    files.pop(PLAN_FILE, None)
    return _packed(bundle.model_copy(update={"files": {name: bundle.files[name] for name in files}}), files)


def describe(archive: bytes) -> Bundle:
    """The description of a bundle; raises Refused (bundle-tampered) where `archive` is not a bundle."""
    return _read(archive)[0]


def unpack(archive: bytes, into: Path) -> Bundle:
    """Write the stack's folder to `into`, which must not exist, and return the bundle's description.

    Raises Refused (bundle-tampered) where the archive is not exactly what `bundle.json` lists, or names a path outside;
    then nothing is written.
    """
    bundle, contents = _read(archive)
    into.mkdir(parents=True)
    for name, content in contents.items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return bundle


def _packed(bundle: Bundle, files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    # Level 6: level 9 takes three times as long and saves one percent.
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0, compresslevel=6) as compressed:  # noqa: SIM117
        with tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, DESCRIPTION, bundle.model_dump_json(indent=1).encode())
            for name in sorted(files):
                _add(archive, FOLDER + name, files[name])
    return packed.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), 0o644, 0
    archive.addfile(entry, io.BytesIO(content))


def _read(archive: bytes) -> tuple[Bundle, dict[str, bytes]]:
    contents = _contents(archive)
    description = contents.pop(DESCRIPTION, None)
    if description is None:
        raise _tampered(f"it has no {DESCRIPTION}")
    try:
        bundle = Bundle.model_validate_json(description)
    except ValidationError as error:
        raise _tampered(f"its {DESCRIPTION} does not describe a bundle: {error.errors()[0]['msg']}") from error
    files = {name.removeprefix(FOLDER): content for name, content in contents.items() if name.startswith(FOLDER)}
    if len(files) != len(contents):
        raise _tampered("it holds files that do not belong to the stack", bundle.stack)
    if {name: digest.of_bytes(content) for name, content in files.items()} != bundle.files:
        raise _tampered(f"its files are not those that its {DESCRIPTION} lists", bundle.stack)
    return bundle, files


def _contents(archive: bytes) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    try:
        # Read to the end, where gzip has its checksum: tarfile alone would stop at the last file.
        plain = gzip.GzipFile(fileobj=io.BytesIO(archive)).read(_LARGEST + 1)
        if len(plain) > _LARGEST:
            raise _tampered(f"it unpacks to more than {_LARGEST >> 20} MiB")
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            for entry in tar:
                path = PurePosixPath(entry.name)
                if not entry.isreg():
                    raise _tampered(f"{entry.name} is not a regular file")
                if path.is_absolute() or ".." in path.parts or str(path) != entry.name or "\\" in entry.name:
                    raise _tampered(f"{entry.name} points outside")
                if entry.name in contents:
                    raise _tampered(f"it holds {entry.name} twice")
                file = tar.extractfile(entry)
                contents[entry.name] = file.read() if file else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise _tampered(f"it cannot be unpacked ({error})") from error
    return contents


def _tampered(why: str, stack: str = "") -> Refused:
    sentence = f"the plan bundle was changed after it was made: {why}"
    return Refused([Refusal(Code.BUNDLE_TAMPERED, sentence, "gw plan make, and have the new plan approved", stack)])
