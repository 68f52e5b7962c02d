"""Every write to S3 and DynamoDB since the last snapshot, on disk before it is answered.

Terraform keeps its states and locks in these two. A record is the request itself, which is sent again on top of the
snapshot. A torn last line was never answered, so that write never happened.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

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

    def line(self) -> bytes:
        """The record as a line of a file."""
        values = {**vars(self), "body": base64.b64encode(self.body).decode(), "caller": asdict(self.caller)}
        text = json.dumps(values).encode()
        return b"%08x %s\n" % (zlib.crc32(text), text)

    @classmethod
    def parse(cls, line: bytes) -> Record:
        """The record of a line; raises ValueError for a torn or changed one."""
        checksum, _, text = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            raise ValueError("a torn record")
        try:
            values = json.loads(text)
            body = base64.b64decode(values.pop("body"))
            return cls(**{**values, "body": body, "caller": Caller(**values.pop("caller"))})
        except (TypeError, KeyError) as error:
            raise ValueError("a torn record") from error


class Journal:
    """Files journal-<first sequence>.jsonl in `folder`; records are appended to the newest."""

    def __init__(self, folder: Path, *, sequence: int = 0) -> None:
        self._folder = folder
        self.sequence = sequence
        self._file: int | None = None

    def append(self, record: Record) -> None:
        """Write a record and wait until it is on the disk."""
        if self._file is None:
            path = self._folder / f"journal-{record.sequence:012d}.jsonl"
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            # A server that was killed may have left a torn line here, to which this record must not be joined.
            os.ftruncate(self._file, path.read_bytes().rfind(b"\n") + 1)
        view = memoryview(record.line())
        while view:
            view = view[os.write(self._file, view) :]
        os.fsync(self._file)
        self.sequence = record.sequence

    def cut(self) -> int:
        """Begin a new file with the next record; returns the sequence of the save that this is for."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        # A save has a number of its own, so that it can be missed even where nothing was journalled before it.
        self.sequence += 1
        return self.sequence

    def forget(self, sequence: int) -> None:
        """Remove the files of which a snapshot up to `sequence` holds everything."""
        for path in self._files():
            if _first_sequence(path) <= sequence:
                path.unlink(missing_ok=True)

    def records(self, *, after: int, on_damage: Callable[[str], None] = lambda _: None) -> Iterator[Record]:
        """Every record later than `after` that is whole, in order; `on_damage` gets a sentence for each that is not.

        A torn last line does not count: its write was never answered.
        """
        for path in self._files():
            lines = path.read_bytes().split(b"\n")
            for number, line in enumerate(lines, start=1):
                try:
                    record = Record.parse(line) if line else None
                except ValueError:
                    if number < len(lines):
                        on_damage(f"{path}: line {number} is damaged; this write to S3 or DynamoDB is lost")
                    continue
                if record and record.sequence > after:
                    yield record

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("journal-*.jsonl"), key=_first_sequence)


def _first_sequence(path: Path) -> int:
    return int(path.stem.removeprefix("journal-"))
