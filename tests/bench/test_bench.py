"""`gw bench` measures two sides in turn, and refuses to compare sides that write different Terraform."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from groundwork.bench import Side, run
from groundwork.bench.cases import ReferenceStack
from groundwork.bench.measure import MeasurementFailed, measure
from groundwork.paths import Project

WRITE = """
import json, pathlib, sys, time
ballast = bytearray(int(sys.argv[3]) * 2**20)
time.sleep(float(sys.argv[2])); sum(range(int(float(sys.argv[2]) * 50_000_000)))
out = pathlib.Path(sys.argv[1]); stack = out / "stacks" / "net"; stack.mkdir(parents=True, exist_ok=True)
(stack / "cdk.tf.json").write_text(sys.argv[4])
(out / "manifest.json").write_text(json.dumps(
    {"stacks": {"net": {"name": "net", "dependencies": [], "workingDirectory": "stacks/net"}}}))
"""


class Sleeper:
    """A slow side that sleeps and holds 60 MB, and a quick side; each writes the text it was made with."""

    title = "sleeper"
    pairs = 2

    def __init__(self, slow: str = "{}", quick: str = "{}") -> None:
        self.contents = slow, quick

    def sides(self, project: Project, work: Path) -> tuple[Side, Side]:
        def side(label: str, seconds: str, megabytes: str, content: str) -> Side:
            out = work / label
            return Side(label, [sys.executable, "-c", WRITE, str(out), seconds, megabytes, content], {}, out)

        return side("slow", "0.6", "60", self.contents[0]), side("quick", "0", "0", self.contents[1])


def test_both_sides_are_measured_alternately_and_compared(checkout: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    report = run(Project(checkout), os.environ, cases=[Sleeper()], on_step=steps.append)
    assert steps == [
        "sleeper: filling caches",
        "sleeper: slow, 1 of 2",
        "sleeper: quick, 1 of 2",
        "sleeper: quick, 2 of 2",
        "sleeper: slow, 2 of 2",
    ]
    time, processor, memory = report.rows
    assert time.unit == "s"
    assert time.before > 0.6
    assert time.before > time.after
    assert processor.quantity == "processor time"
    assert 0 < processor.after < processor.before < time.before
    assert memory.unit == "MB"
    assert memory.before - memory.after > 40
    report.write(tmp_path / "bench.json")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["rows"][0]["ratio"] == pytest.approx(time.before / time.after)
    assert {"cpu", "cores", "memory_gb", "python", "node"} <= written["machine"].keys()
    console = Console(width=140, record=True, file=(tmp_path / "table").open("w"))
    console.print(report.table())
    assert f"{time.ratio:.1f}x" in console.export_text()


def test_different_terraform_makes_the_comparison_fail(checkout: Path) -> None:
    with pytest.raises(MeasurementFailed, match="different Terraform for net"):
        run(Project(checkout), os.environ, cases=[Sleeper(slow='{"a": 1}')], pairs=1)


def test_a_program_that_fails_is_not_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('broken stack')"]
    with pytest.raises(MeasurementFailed, match="broken stack"):
        measure(command, cwd=tmp_path, environ=os.environ, log=tmp_path / "log")


def test_memory_includes_child_processes(tmp_path: Path) -> None:
    child = "import time; ballast = bytearray(80 * 2**20); time.sleep(0.4)"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"]
    assert measure(command, cwd=tmp_path, environ=os.environ, log=tmp_path / "log").megabytes > 90


def test_the_reference_stack_has_eight_resources(checkout: Path, tmp_path: Path) -> None:
    side = ReferenceStack().sides(Project(checkout), tmp_path)[-1]
    measure(side.command, cwd=checkout, environ={**os.environ, **side.environ}, log=tmp_path / "log")
    (stack,) = (tmp_path / "fast" / "stacks").glob("*/cdk.tf.json")
    resources = json.loads(stack.read_text())["resource"]
    assert sum(len(named) for named in resources.values()) == 8


def test_memory_of_processes_that_run_one_after_another_is_not_added(tmp_path: Path) -> None:
    child = "import time; ballast = bytearray(80 * 2**20); time.sleep(0.3)"
    command = f"import subprocess, sys; [subprocess.run([sys.executable, '-c', {child!r}]) for _ in range(3)]"
    sample = measure([sys.executable, "-c", command], cwd=tmp_path, environ=os.environ, log=tmp_path / "log")
    assert 80 < sample.megabytes < 160


def test_an_unknown_case_is_refused_with_the_list_of_cases(checkout: Path) -> None:
    gw = [str(Path(sys.executable).with_name("gw")), "bench", "nothing-like-that"]
    done = subprocess.run(gw, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "diff of every stack of local" in done.stderr
