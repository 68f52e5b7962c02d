"""What `cdktf diff` runs for one stack, without its start-up: `terraform init` where needed, then `terraform plan`.

cdktf-cli needs two processor seconds of Node.js for every stack before Terraform begins. With many stacks on a few
cores that is most of the waiting (`make bench` has both figures).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import TerraformFailed
from groundwork.state import locks
from groundwork.synthesis.manifest import Stack
from groundwork.terraform.cdktf import Run, StackLog
from groundwork.terraform.initialised import ARGUMENTS, ASKS_FOR_INIT, Initialised
from groundwork.terraform.printed import without_colours

_PLAN = ["plan", "-input=false", "-out", "plan", "-no-color"]


@dataclass(frozen=True)
class StackPlan:
    """Terraform in the folder of a synthesised stack. `environ` is complete; `run` starts programs."""

    stack: Stack
    program: Path
    environ: Mapping[str, str]
    run: Run

    def diff(self, *, stop: threading.Event | None = None) -> StackLog:
        """Plan with the arguments of `cdktf diff`; raises StateLocked or TerraformFailed where it cannot be planned."""
        initialised = Initialised(self.stack.folder, self.program, self.environ)
        known = initialised.known()
        if not known:
            self._init(initialised, stop)
        try:
            return self._terraform(_PLAN, stop)
        except TerraformFailed as failed:
            if not known or ASKS_FOR_INIT not in failed.message:
                raise
            # Somebody else initialised the folder in the meantime, or emptied it: once more from the start.
            self._init(initialised, stop)
            return self._terraform(_PLAN, stop)

    def _init(self, initialised: Initialised, stop: threading.Event | None) -> None:
        initialised.forget()
        self._terraform([*ARGUMENTS, "-no-color"], stop)
        initialised.note()

    def _terraform(self, arguments: list[str], stop: threading.Event | None) -> StackLog:
        log = StackLog()
        code = self.run(
            [str(self.program), *arguments],
            cwd=self.stack.folder,
            environ=self.environ,
            on_line=lambda line: log.lines.append(without_colours(line)),
            stop=stop,
        )
        if code:
            if lock := locks.read("\n".join(log.lines)):
                raise lock.refusal(self.stack.name)
            raise TerraformFailed(f"{self.stack.name} cannot be planned:\n{log.errors}")
        return log
