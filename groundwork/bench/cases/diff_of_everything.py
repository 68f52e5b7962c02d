"""What a reviewer waits for: the diff of every stack of an environment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from groundwork.bench.case import Side
from groundwork.bench.measure import MeasurementFailed
from groundwork.paths import Project
from groundwork.synthesis.lazy_provider import VARIABLE, Mode

ENVIRONMENT = "local"


class DiffOfEverything:
    """`cdktf diff` of one stack after another against `gw diff`, on the deployed laptop, with what lies between."""

    title = f"diff of every stack of {ENVIRONMENT}"
    pairs = 1

    def sides(self, project: Project, work: Path) -> Sequence[Side]:  # noqa: ARG002 - nothing is written
        """Stock; fast imports only; one synth for all; and `gw diff`. Deploys the laptop first where it is not."""
        gw = str(Path(sys.executable).with_name("gw"))
        _deployed(project, gw)

        def one_by_one(label: str, mode: Mode, *options: str) -> Side:
            command = [sys.executable, "-m", "groundwork.cli.diff_one_by_one", ENVIRONMENT, *options]
            return Side(label, command, {VARIABLE: mode}, None)

        return (
            one_by_one("cdktf diff, stock", Mode.STOCK),
            one_by_one("cdktf diff, fast synth", Mode.FAST),
            one_by_one("cdktf diff --skip-synth", Mode.FAST, "--synth-once"),
            # 21: a stack whose provider cannot be installed here is not planned on any side.
            Side("gw diff", [gw, "diff", ENVIRONMENT], {VARIABLE: Mode.FAST}, None, accepted=(0, 21)),
        )


def _deployed(project: Project, gw: str) -> None:
    for command in ([gw, "local", "up"], [gw, "deploy", ENVIRONMENT]):
        done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MeasurementFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
