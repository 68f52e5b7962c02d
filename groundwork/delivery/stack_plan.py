"""What `cdktf diff` runs for one stack, without its start-up: `terraform init` where needed, then `terraform plan`.

cdktf-cli needs two processor seconds of Node.js for every stack before Terraform begins. With many stacks on a few
cores that is most of the waiting (`make bench` has both figures).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.delivery import locks
from groundwork.delivery.cdktf import Run, StackLog
from groundwork.delivery.terraform_output import without_colours
from groundwork.errors import TerraformFailed
from groundwork.synthesis.manifest import Stack
from groundwork.synthesis.provider_locks import PLACED

_STAMP = "groundwork-initialised"
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
        stamp = self.stack.folder / ".terraform" / _STAMP
        wanted = self._initialised_for()
        known = stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted
        if not known:
            self._init(stamp, wanted, stop)
        try:
            return self._terraform(_PLAN, stop)
        except TerraformFailed as failed:
            if not known or "terraform init" not in failed.message:
                raise
            # Somebody else initialised the folder in the meantime, or emptied it: once more from the start.
            self._init(stamp, wanted, stop)
            return self._terraform(_PLAN, stop)

    def _init(self, stamp: Path, wanted: str, stop: threading.Event | None) -> None:
        stamp.unlink(missing_ok=True)
        # -reconfigure: what an earlier run remembers of another backend says nothing about this one.
        self._terraform(["init", "-input=false", "-lockfile=readonly", "-reconfigure", "-no-color"], stop)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(wanted, encoding="utf-8")

    def _initialised_for(self) -> str:
        """What `terraform init` depends on: backend, providers, their lock, and the server behind the laptop's profile.

        The folder's path is part of it, since .terraform holds links and a checkout may be moved.
        """
        digest = hashlib.sha256()
        terraform = self.stack.terraform.get("terraform")
        lock = self.stack.folder / PLACED
        for part in (
            repr(self.stack.folder.resolve()),
            repr(terraform),
            lock.read_text(encoding="utf-8") if lock.is_file() else "",
            self.environ.get("AWS_ENDPOINT_URL", ""),
            str(self.program),
        ):
            digest.update(part.encode())
            digest.update(b"\0")
        return digest.hexdigest()

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
