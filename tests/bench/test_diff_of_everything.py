"""The comparison of diffs says what lies between `cdktf diff` and `gw diff`, one step at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundwork.bench.cases import diff_of_everything
from groundwork.bench.cases.diff_of_everything import ENVIRONMENT, DiffOfEverything
from groundwork.paths import Project


def test_four_ways_to_the_diffs_from_the_stock_one_to_gw_on_a_laptop_that_is_deployed_first(
    monkeypatch: pytest.MonkeyPatch, checkout: Path, tmp_path: Path
) -> None:
    deployed: list[Path] = []
    monkeypatch.setattr(diff_of_everything, "_deployed", lambda project, _: deployed.append(project.root))
    sides = DiffOfEverything().sides(Project(checkout), tmp_path)
    assert deployed == [checkout]
    assert [(side.label, side.environ["GROUNDWORK_SYNTH"]) for side in sides] == [
        ("cdktf diff, stock", "stock"),
        ("cdktf diff, fast synth", "fast"),
        ("cdktf diff --skip-synth", "fast"),
        ("gw diff", "fast"),
    ]
    *one_by_one, ours = sides
    assert [side.command[1:4] for side in one_by_one] == [["-m", "groundwork.cli.diff_one_by_one", ENVIRONMENT]] * 3
    assert ["--synth-once" in side.command for side in one_by_one] == [False, False, True]
    assert [Path(ours.command[0]).name, *ours.command[1:]] == ["gw", "diff", ENVIRONMENT]
    # A change would mean that the sides have not the same to do, and a failure that one has done nothing.
    assert [side.accepted for side in sides] == [(0,), (0,), (0,), (0, 21)]
    assert not any(side.out for side in sides)
    assert not list(tmp_path.iterdir())
