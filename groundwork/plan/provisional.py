"""A copy of a stack's folder that reads the planned outputs of changed upstream stacks in place of their states."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from groundwork.plan import remote_states
from groundwork.plan.digest import LEFT_OUT
from groundwork.plan.planned_outputs import PlannedOutputs
from groundwork.terraform.terraform import PLAN_FILE
from groundwork.toolchain.secure_tempdir import secure_tempdir

OUT = "cdktf.out.planned"
"""Beside cdktf.out and at the same depth, because stacks refer to files of the checkout by relative paths."""

_OVERRIDE = "planned_outputs_override.tf.json"
"""Terraform merges files with this ending into all others, block by block."""


@dataclass(frozen=True)
class Provisional:
    """Makes such copies below the checkout `root`, inside of a `with`; `sources` is stack → data source → outputs."""

    root: Path
    sources: Mapping[str, Mapping[str, PlannedOutputs]]

    def __enter__(self) -> Provisional:
        self._clear()  # left behind by a process that was killed
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    @contextmanager
    def folder(self, stack: str, folder: Path) -> Iterator[Path]:
        """`folder` itself for a stack without `sources`, else a copy of it that reads planned outputs.

        The copy has only paths: the outputs, which may be secret, are in a secure tempdir. Both are deleted
        afterwards.
        """
        planned = self.sources.get(stack)
        if not planned:
            yield folder
            return
        copy = self.root / OUT / "stacks" / stack
        with secure_tempdir() as tempdir:
            blocks = {}
            for number, (name, outputs) in enumerate(sorted(planned.items())):
                file = tempdir / f"{number}.tfstate"
                file.write_bytes(outputs.state_file())
                blocks[name] = {"backend": "local", "config": {"path": str(file)}}
            try:
                shutil.copytree(folder, copy, symlinks=True, ignore=_left_out)
                override = {"data": {remote_states.TYPE: blocks}}
                (copy / _OVERRIDE).write_text(json.dumps(override), encoding="utf-8")
                yield copy
            finally:
                shutil.rmtree(copy, ignore_errors=True)

    def _clear(self) -> None:
        shutil.rmtree(self.root / OUT, ignore_errors=True)


_left_out = shutil.ignore_patterns(*LEFT_OUT, PLAN_FILE)
