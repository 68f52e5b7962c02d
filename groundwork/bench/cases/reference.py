"""The smallest useful thing: import the AWS provider and synthesise eight resources."""

from __future__ import annotations

import sys
from pathlib import Path

from groundwork.bench.case import Side
from groundwork.paths import Project
from groundwork.synthesis.lazy_provider import VARIABLE, Mode


class ReferenceStack:
    """A stack of eight resources, imports included."""

    title = "import + reference stack (8 resources)"
    pairs = 3

    def sides(self, project: Project, work: Path) -> tuple[Side, Side]:
        """Stock and fast imports."""
        program = project.root / "groundwork" / "bench" / "reference_stack.py"

        def side(mode: Mode) -> Side:
            out = work / mode
            return Side(mode, [sys.executable, str(program), str(out)], {VARIABLE: mode}, out)

        return side(Mode.STOCK), side(Mode.FAST)
