"""Runs one command and measures it: wall time, processor time and peak memory of the whole process tree."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from groundwork.errors import GroundworkError

_INTERVAL = 0.02  # seconds between two samples of the process tree
_TAIL = 2000  # characters of a failed command's output that the error shows


class MeasurementFailed(GroundworkError):
    """A measured command ended with an error, so its time means nothing."""


@dataclass(frozen=True)
class Sample:
    """One run. `seconds` is wall time; `megabytes` the highest sum over processes that ran at the same time.

    Each process counts with its own peak so far, shared memory included, so the figure is never too small.
    """

    seconds: float
    processor_seconds: float
    megabytes: float


def measure(
    command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], log: Path, accepted: Sequence[int] = (0,)
) -> Sample:
    """Runs `command`, its output into the file `log`; raises MeasurementFailed unless it ends with an accepted code."""
    peak = 0.0
    with log.open("w+") as output:
        begin, used = time.perf_counter(), _processor_time()
        process = psutil.Popen(list(command), cwd=cwd, env=dict(environ), stdout=output, stderr=output)
        while process.poll() is None:
            peak = max(peak, _peak_of_tree(process))
            time.sleep(_INTERVAL)
        seconds, processor = time.perf_counter() - begin, _processor_time() - used
        if process.returncode not in accepted:
            output.seek(0)
            raise MeasurementFailed(f"{' '.join(command)} ended with {process.returncode}:\n{output.read()[-_TAIL:]}")
    return Sample(seconds, processor, peak)


def _processor_time() -> float:
    """Seconds that all children so far have used, with those that they waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _peak_of_tree(root: psutil.Process) -> float:
    """The sum of the peaks, in MB, of all processes of the tree that run now."""
    total = 0.0
    try:
        for process in (root, *root.children(recursive=True)):
            with suppress(OSError, psutil.Error):  # it ended between the two calls
                total += _peak(process)
    except psutil.Error:
        return 0.0
    return total


def _peak(process: psutil.Process) -> float:
    """Peak resident memory so far in MB: from the kernel on Linux, elsewhere the current figure."""
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return float(process.memory_info().rss) / 2**20
