"""Everything: all environments, as main.py makes them."""

from __future__ import annotations

from pathlib import Path

from groundwork.bench.case import Side
from groundwork.bench.cases.main_program import synth
from groundwork.paths import Project
from groundwork.synthesis.lazy_provider import VARIABLE, Mode


class Application:
    """Every environment, as main.py makes it."""

    title = "whole application"
    pairs = 3

    def sides(self, project: Project, work: Path) -> tuple[Side, Side]:
        """Stock and fast imports."""

        def side(mode: Mode) -> Side:
            return synth(project, mode, work / mode, {VARIABLE: mode})

        return side(Mode.STOCK), side(Mode.FAST)
