"""The benchmark of diffs goes from stock `cdktf diff` to `gw diff` one improvement at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundwork.bench import cases
from groundwork.bench.cases import ENVIRONMENT, DiffOfEverything
from groundwork.paths import Project


def test_diffs_are_measured_four_ways_on_a_deployed_laptop(
    monkeypatch: pytest.MonkeyPatch, checkout: Path, tmp_path: Path
) -> None:
    deployed: list[Path] = []
    monkeypatch.setattr(cases, "deploy_laptop", lambda project: deployed.append(project.root))
    sides = DiffOfEverything().sides(Project(checkout), tmp_path)
    assert deployed == [checkout]
    assert [(side.label, side.environ["GROUNDWORK_SYNTH"]) for side in sides] == [
        ("cdktf diff, stock", "stock"),
        ("cdktf diff, fast synth", "fast"),
        ("cdktf diff --skip-synth", "fast"),
        ("gw diff", "fast"),
    ]
    *one_by_one, gw_diff = sides
    assert [side.command[1:4] for side in one_by_one] == [["-m", "groundwork.cli.diff_one_by_one", ENVIRONMENT]] * 3
    assert ["--synth-once" in side.command for side in one_by_one] == [False, False, True]
    assert [Path(gw_diff.command[0]).name, *gw_diff.command[1:]] == ["gw", "diff", ENVIRONMENT]
    # A change would mean that the sides do different work, and a failure that a side did none.
    assert [side.accepted for side in sides] == [(0,), (0,), (0,), (0, 21)]
    assert not any(side.out for side in sides)
    assert not list(tmp_path.iterdir())
