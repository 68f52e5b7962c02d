"""Every write to S3 and DynamoDB since the last snapshot, written before it is answered.

Terraform keeps its states and locks in these two. A record is the request itself, which is sent again on top of the
snapshot. A torn last record was never answered, so that write never happened.

A record outlives the server's kill. It outlives a power cut once the kernel has brought it to the disk, by the next
save at the latest: a write without wait, since the resources that a state names are of the last save then anyway.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from localcloud.aws.identity import Caller


@dataclass(frozen=True)
class Record:
    """One write: the request, its caller, and the version that S3 gave the object."""

    sequence: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    caller: Caller
    version_id: str = ""

    def parts(self) -> list[bytes]:
        """The record as it stands in a file: a line that describes it, the body as it came, and a line's end.

        The line is its own checksum, the body's checksum and length, and the rest as JSON.
        """
        values = {name: value for name, value in vars(self).items() if name != "body"} | {"caller": asdict(self.caller)}
        text = b"%08x %d %s" % (zlib.crc32(self.body), len(self.body), json.dumps(values).encode())
        return [b"%08x %s\n" % (zlib.crc32(text), text), self.body, b"\n"]


@dataclass(frozen=True)
class _Line:
    """A record's first line: what it says, and where the body lies in the file."""

    values: dict[str, Any]
    checksum: int
    start: int
    end: int

    @classmethod
    def beginning(cls, content: bytes, position: int) -> _Line | None:
        """The line that begins there; None where it is torn or changed."""
        end = content.find(b"\n", position)
        if end < 0:
            return None
        checksum, _, text = content[position:end].partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            return None
        body, length, values = text.split(b" ", 2)
        return cls(json.loads(values), int(body, 16), end + 1, end + 1 + int(length))

    def record(self, content: bytes) -> Record | None:
        """The record; None where its body was changed."""
        body = content[self.start : self.end]
        if zlib.crc32(body) != self.checksum:
            return None
        return Record(**{**self.values, "body": body, "caller": Caller(**self.values["caller"])})


def _read(content: bytes) -> Iterator[tuple[int, Record | None]]:
    """Every record of a file with its end; None for one that is damaged. What is torn at the end is left out."""
    position = 0
    while position < len(content):
        line = _Line.beginning(content, position)
        if line is None:
            following = _following(content, position)
            if following is None and b"\n" not in content[position:]:
                return
            position = len(content) if following is None else following
            yield position, None
        elif line.end >= len(content):
            return
        else:
            position = line.end + 1
            yield position, line.record(content)


def _following(content: bytes, position: int) -> int | None:
    """Where the next whole line of a record begins, after one that is damaged."""
    while (position := content.find(b"\n", position) + 1) > 0:
        if _Line.beginning(content, position):
            return position
    return None


class Journal:
    """Files journal-<first sequence>.records in `folder`; records are appended to the newest."""

    def __init__(self, folder: Path, *, sequence: int = 0) -> None:
        self._folder = folder
        self.sequence = sequence
        self._file: int | None = None
        self._full: int | None = None

    def append(self, record: Record) -> None:
        """Write a record, which then survives any end of this process. Hold moto's lock meanwhile.

        Where the disk refuses it, nothing of it stays, and OSError is raised.
        """
        if self._file is None:
            path = self._folder / f"journal-{record.sequence:012d}.records"
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            # A server that was killed may have left a torn record here, which this one must not be joined to.
            os.ftruncate(self._file, max((end for end, _ in _read(path.read_bytes())), default=0))
        size = os.fstat(self._file).st_size
        parts = record.parts()
        try:
            written = os.writev(self._file, parts)
            view = memoryview(b"".join(parts))[written:] if written < sum(map(len, parts)) else memoryview(b"")
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, size)
            raise
        self.sequence = record.sequence

    def cut(self) -> int:
        """Begin a new file with the next record; returns the sequence of the save that this is for.

        Hold moto's lock meanwhile, and `flush` without it.
        """
        self.flush()
        self._full, self._file = self._file, None
        # A save has a number of its own, so that it can be missed even where nothing was journalled before it.
        self.sequence += 1
        return self.sequence

    def flush(self) -> None:
        """Wait until what was written before the last cut is on the disk."""
        if self._full is not None:
            os.fsync(self._full)
            os.close(self._full)
            self._full = None

    def forget(self, sequence: int) -> None:
        """Remove the files of which a snapshot up to `sequence` holds everything."""
        for path in self._files():
            if _first_sequence(path) <= sequence:
                path.unlink(missing_ok=True)

    def records(self, *, after: int, on_damage: Callable[[str], None] = lambda _: None) -> Iterator[Record]:
        """Every record later than `after` that is whole, in order; `on_damage` gets a sentence for each that is not.

        A torn last record does not count: its write was never answered.
        """
        for path in self._files():
            for number, (_, record) in enumerate(_read(path.read_bytes()), start=1):
                if record is None:
                    on_damage(f"{path}: record {number} is damaged; this write to S3 or DynamoDB is lost")
                elif record.sequence > after:
                    yield record

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("journal-*.records"), key=_first_sequence)


def _first_sequence(path: Path) -> int:
    return int(path.stem.removeprefix("journal-"))
