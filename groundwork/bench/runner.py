"""Runs the cases: all sides in turn, so that other load on the machine affects each of them; the median counts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from groundwork.bench.case import Case, Observation, Side
from groundwork.bench.cases import CASES
from groundwork.bench.machine import describe
from groundwork.bench.measure import MeasurementFailed, Sample, measure
from groundwork.bench.report import Report, Row
from groundwork.paths import Project
from groundwork.synthesis.manifest import Manifest


def run(
    project: Project,
    environ: Mapping[str, str],
    *,
    cases: Sequence[Case | Observation] = CASES,
    pairs: int | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> Report:
    """Measures every case and returns three rows for each of its quicker sides, or those of an observation.

    `environ` is what the measured programs inherit; `pairs` overrides how often each case is run; `on_step` gets what
    runs now. The quickest side runs once before, unmeasured, so that caches are filled for all. Raises
    MeasurementFailed where a program fails, or where two sides write different Terraform, so that they cannot be
    compared.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for number, case in enumerate(cases):
            if isinstance(case, Observation):
                rows += case.rows(project, environ, pairs or case.pairs, on_step)
                continue
            work = Path(folder) / str(number)
            work.mkdir()
            sides = case.sides(project, work)
            on_step(f"{case.title}: filling caches")
            _measure(sides[-1], project, environ, work)
            samples: dict[str, list[Sample]] = {side.label: [] for side in sides}
            repeat = pairs or case.pairs
            for turn in range(1, repeat + 1):
                for side in sides if turn % 2 else reversed(sides):
                    on_step(f"{case.title}: {side.label}, {turn} of {repeat}")
                    samples[side.label].append(_measure(side, project, environ, work))
            slow, *others = sides
            for side in others:
                _require_same_terraform(case, slow, side)
                rows += _rows(case, samples[slow.label], samples[side.label], slow, side)
    return Report(tuple(rows), describe(project, environ))


def _measure(side: Side, project: Project, environ: Mapping[str, str], work: Path) -> Sample:
    inherited = {**environ, "PYTHONPATH": str(project.root), **side.environ}
    # The checkout is the working folder of all sides: cdktf writes the path of a local state into the stack.
    return measure(side.command, cwd=project.root, environ=inherited, log=work / "log", accepted=side.accepted)


def _require_same_terraform(case: Case, slow: Side, quick: Side) -> None:
    if not slow.out or not quick.out:
        return
    before = {stack.name: stack.file.read_bytes() for stack in Manifest.read(slow.out).stacks}
    for stack in Manifest.read(quick.out).stacks:
        if before.get(stack.name) != stack.file.read_bytes():
            raise MeasurementFailed(
                f"{case.title}: {slow.label} and {quick.label} write different Terraform for {stack.name}",
                fix="do not change main.py, stacks or lambda_src meanwhile; otherwise report this as a bug",
            )


def _rows(case: Case, slow: Sequence[Sample], quick: Sequence[Sample], before: Side, after: Side) -> list[Row]:
    def row(quantity: str, unit: str, value: Callable[[Sample], float]) -> Row:
        return Row(
            case.title, quantity, unit, before.label, median(map(value, slow)), after.label, median(map(value, quick)),
            len(slow),
        )  # fmt: skip

    return [
        row("time", "s", lambda sample: sample.seconds),
        row("processor time", "s", lambda sample: sample.processor_seconds),
        row("peak memory", "MB", lambda sample: sample.megabytes),
    ]
