"""Runs cdktf and records what each stack printed, so that a failure can be explained for each stack."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from groundwork.apply.terraform_shim import REFUSED
from groundwork.refusals import Code, Refusal
from groundwork.terraform import printed
from groundwork.terraform.cdktf import Run
from groundwork.terraform.printed import StackLog

_REFUSED = re.compile(rf"Error: {REFUSED}: (?P<code>[a-z-]+): (?P<sentence>.+)")
_STALE = ("Saved plan is stale", "Saved plan does not match the given state")


@dataclass
class RecordedRun:
    """A `Run` that calls another one and keeps the lines. `stacks` are those that cdktf was called with."""

    run: Run
    stacks: Sequence[str]
    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __call__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        on_line: Callable[[str], None],
        stop: threading.Event | None = None,
    ) -> int:
        """See Run."""
        reader = printed.Reader()
        only = self.stacks[0] if len(self.stacks) == 1 else ""

        def take(raw: str) -> None:
            line = reader.line(raw)
            self.lines[line.stack if line.stack in self.stacks else only].append(line.text)
            on_line(raw)

        return self.run(command, cwd=cwd, environ=environ, on_line=take, stop=stop)

    def failed(self, stack: str) -> bool:
        """Whether Terraform, or its shim, reported an error."""
        return StackLog(self.lines[stack]).failed

    def refusal(self, stack: str, command: str) -> Refusal | None:
        """The shim's refusal, or state-moved where Terraform refused a stale plan; `command` makes a new plan."""
        for line in self.lines[stack]:
            if match := _REFUSED.search(line):
                return Refusal(Code(match["code"]), match["sentence"].strip(), command, stack)
        text = " ".join(line.strip(" │") for line in self.lines[stack])
        if any(words in text for words in _STALE):
            sentence = "the state moved after this plan was made; Terraform applies a plan once, and to that state only"
            return Refusal(Code.STATE_MOVED, sentence, command, stack)
        return None
