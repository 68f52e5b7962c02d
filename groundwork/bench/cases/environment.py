"""What someone waits for who works on one environment."""

from __future__ import annotations

from pathlib import Path

from groundwork.bench.case import Side
from groundwork.bench.cases.main_program import synth
from groundwork.paths import Project
from groundwork.synthesis.lazy_provider import VARIABLE, Mode


class OneEnvironment:
    """One environment instead of all."""

    pairs = 3

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.title = f"gw synth {environment}"

    def sides(self, project: Project, work: Path) -> tuple[Side, Side]:
        """All environments, and the one; both with fast imports."""
        fast = {VARIABLE: Mode.FAST}
        one = synth(project, self.environment, work / "one", fast, "--environment", self.environment)
        return synth(project, "all", work / "all", fast), one
