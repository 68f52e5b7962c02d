"""Server processes that outlive the command which started them: recorded, found again, stopped with their children."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import psutil
from pydantic import BaseModel

from groundwork.errors import LocalCloudError
from localcloud.files import last_lines, write_atomically

_Answer = TypeVar("_Answer")


class ProcessRecord(BaseModel):
    """A server process as it is recorded on disk.

    `created` is its start in seconds since the epoch: it tells the process from a later one with the same number.
    """

    pid: int
    created: float
    port: int


@dataclass(frozen=True)
class BackgroundServer:
    """A server of which a checkout runs at most one process. Callers hold a lock while they start or stop it.

    `name` is what messages call it, `record` the file with its ProcessRecord, `logs` what an error quotes and `fix`
    what it advises.
    """

    name: str
    record: Path
    logs: Sequence[Path]
    fix: str

    def last_record(self) -> ProcessRecord | None:
        """The process that was started last, running or not."""
        try:
            return ProcessRecord.model_validate_json(self.record.read_bytes())
        except (OSError, ValueError):
            return None

    def running(self) -> ProcessRecord | None:
        """The recorded process if it is still alive."""
        record = self.last_record()
        if record:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(record.pid)
                if abs(process.create_time() - record.created) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                    return record
        return None

    def start(self, command: Sequence[str], *, port: int, cwd: Path) -> ProcessRecord:
        """Start the server in a session of its own; the first of `logs` gets its output."""
        with self.logs[0].open("ab") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd, start_new_session=True
            )
        record = ProcessRecord(pid=child.pid, created=psutil.Process(child.pid).create_time(), port=port)
        write_atomically(self.record, record.model_dump_json())
        return record

    def await_answer(self, ask: Callable[[], _Answer | None], wait: timedelta) -> _Answer:
        """The first answer of `ask`; raises LocalCloudError where the process ends or gives none within `wait`."""
        end = time.monotonic() + wait.total_seconds()
        while True:
            if self.running() is None:
                raise LocalCloudError(f"the {self.name} ended while it started:\n{self._log_ends()}", fix=self.fix)
            answer = ask()
            if answer is not None:
                return answer
            if time.monotonic() > end:
                limit = f"{wait.total_seconds():.0f} s"
                raise LocalCloudError(
                    f"the {self.name} was not ready within {limit}:\n{self._log_ends()}", fix=self.fix
                )
            time.sleep(0.1)

    def stop(self, wait: timedelta) -> bool:
        """End the process, after `wait` by force, and its children; False where none ran."""
        record = self.running()
        if record is None:
            return False
        server = psutil.Process(record.pid)
        children = server.children(recursive=True)
        with suppress(psutil.NoSuchProcess):
            server.send_signal(signal.SIGTERM)
            _await_end([server], wait)
        for process in [server, *children]:
            # is_running() compares start times too: another process that has the number by now is left alone.
            with suppress(psutil.NoSuchProcess):
                if process.is_running():
                    process.kill()
        _await_end([server, *children], timedelta(seconds=5))
        return True

    def _log_ends(self) -> str:
        return "\n".join(f"{log.stem}: {line}" for log in self.logs for line in last_lines(log, 10))


def resident_mb(pid: int) -> float:
    """Resident memory of a process and all its descendants, in MiB to a tenth; 0 where the process has ended."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += member.memory_info().rss
    return round(total / 1024 / 1024, 1)


def _await_end(processes: list[psutil.Process], wait: timedelta) -> None:
    """Wait until all have ended; a zombie, which only its own parent can reap, gets one more second."""
    _, alive = psutil.wait_procs(processes, timeout=wait.total_seconds())
    end = time.monotonic() + 1
    while alive and time.monotonic() < end and all(_is_zombie(process) for process in alive):
        time.sleep(0.05)


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
