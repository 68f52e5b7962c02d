"""How many Terraform runs fit into the memory that is free."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from groundwork.toolchain import memory


@pytest.mark.parametrize(("gigabytes", "cores", "runs"), [(0.1, 2, 1), (2, 2, 2), (64, 2, 4), (3, 8, 3)])
def test_runs_side_by_side_fit_into_memory_and_cores(gigabytes: float, cores: int, runs: int) -> None:
    assert memory.parallelism(available_bytes=int(gigabytes * 1e9), cores=cores) == runs


@pytest.mark.parametrize(
    ("limit", "used", "free"),
    [
        ("3000000000", "1000000000", 2_000_000_000),
        ("64000000000", "1000000000", 8_000_000_000),
        ("1000000000", "1000000001", 0),
        ("max", "1000000000", 8_000_000_000),
        (None, None, 8_000_000_000),
    ],
    ids=["less than the machine has", "more than the machine has", "used up", "no limit", "no control group"],
)
def test_the_limit_of_a_container_counts_as_memory_that_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str | None, used: str | None, free: int
) -> None:
    for name, content in (("memory.max", limit), ("memory.current", used)):
        if content:
            (tmp_path / name).write_text(f"{content}\n")
    monkeypatch.setattr(memory, "Path", lambda path: tmp_path / Path(path).relative_to("/sys/fs/cgroup"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8_000_000_000))
    assert memory.free_memory() == free
