"""`gw where ADDRESS`: the lines of Python that created a resource.

While the stacks are built, the callers of every construct are recorded; after synth they are written beside each stack
as `origins.json`. The synthesised Terraform is not changed.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from groundwork.errors import SynthesisError, UsageError
from groundwork.synthesis import resources
from groundwork.synthesis.manifest import Manifest

FILE = "origins.json"
_INDEX = re.compile(r"\[[^\]]*\]$")
_IGNORED = (".venv/", "node_modules/", "groundwork/synthesis/")


@dataclass(frozen=True)
class Origin:
    """Where a resource comes from.

    `lines` are `file:line` relative to the checkout, the one that creates the resource first, then its callers; empty
    for what cdktf adds by itself (remote states). `path` is the construct path below the stack. `stacks` are all stacks
    in which those lines create that address.
    """

    address: str
    path: str
    lines: tuple[str, ...]
    stacks: tuple[str, ...]


@dataclass
class Recorder:
    """Records which lines created which construct. `root` is the checkout: only files in it are recorded."""

    root: Path
    lines: dict[str, list[str]] = field(default_factory=dict)
    """Construct path → file:line, innermost first."""
    _paths: dict[int, str] = field(default_factory=dict)
    _files: dict[str, str | None] = field(default_factory=dict)

    def record(self, construct: object, arguments: Sequence[object], frame: FrameType | None) -> None:
        """Records the callers of a construct that was just created as `(scope, id, …)`; the root has neither."""
        if len(arguments) < 2 or not isinstance(arguments[1], str):
            self._paths[id(construct)] = ""
            return
        scope, name = arguments[0], arguments[1].replace("/", "--")  # as constructs does in paths
        above = self._paths.get(id(scope))
        if above is None:
            above = getattr(scope, "node").path  # noqa: B009 - created by JavaScript: not recorded, but it knows its path
        path = f"{above}/{name}" if above else name
        self._paths[id(construct)] = path
        self.lines[path] = list(self._callers(frame))

    def _callers(self, frame: FrameType | None) -> Iterator[str]:
        while frame is not None:
            file = self._relative(frame.f_code.co_filename)
            if file is not None:
                yield f"{file}:{frame.f_lineno}"
            frame = frame.f_back

    def _relative(self, file: str) -> str | None:
        if file not in self._files:
            path = Path(file)
            inside = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else None
            self._files[file] = None if inside is None or inside.startswith(_IGNORED) else inside
        return self._files[file]


@contextmanager
def recording(root: Path) -> Iterator[Recorder]:
    """Records the origin of every construct that is created inside the `with`."""
    import jsii  # noqa: PLC0415 - starts the kernel's import; main.py has done so
    from constructs import Construct  # noqa: PLC0415

    recorder = Recorder(root.resolve())
    create = jsii.create

    def create_and_record(klass: type[Any], construct: Any, arguments: list[Any] | None = None) -> Any:
        made = create(klass, construct, arguments)
        if isinstance(construct, Construct):
            # inspect.stack() would read source files: 100 times slower.
            recorder.record(construct, arguments or (), sys._getframe(1))  # noqa: SLF001
        return made

    setattr(jsii, "create", create_and_record)  # noqa: B010 - generated code looks it up at every call; mypy forbids assigning it
    try:
        yield recorder
    finally:
        jsii.create = create


def write(out: Path, recorder: Recorder) -> None:
    """Writes `origins.json` into every stack folder of `out`: address → construct path and lines."""
    for stack in Manifest.read(out).stacks:
        known = {
            resource.address: {"path": resource.path, "lines": recorder.lines.get(resource.path, [])}
            for resource in resources.of_stack(stack)
        }
        (stack.folder / FILE).write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def where(out: Path, address: str, *, stack: str | None = None) -> list[Origin]:
    """The origins of a Terraform address in every synthesised stack, or in one; equal origins appear once.

    An index at the end (`[0]`, `["a"]`) is ignored. Raises UsageError where no stack has the address, with the
    closest ones; SynthesisError where nothing is synthesised.
    """
    manifest = Manifest.read(out)
    wanted = _INDEX.sub("", address)
    stacks_by_origin: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    seen: set[str] = set()
    for candidate in [manifest.stack(stack)] if stack else manifest.stacks:
        recorded = _read(candidate.folder / FILE)
        seen |= recorded.keys()
        if wanted in recorded:
            entry = recorded[wanted]
            below_stack = entry["path"].partition("/")[2]
            stacks_by_origin.setdefault((below_stack, tuple(entry["lines"])), []).append(candidate.name)
    if not stacks_by_origin:
        close = difflib.get_close_matches(wanted, seen, n=3)
        raise UsageError(
            f"no {'stack' if stack is None else 'resource of ' + stack} has the address {address}",
            fix=f"did you mean {' or '.join(close)}?"
            if close
            else "`terraform state list` in the stack shows addresses",
        )
    return [Origin(wanted, path, lines, tuple(stacks)) for (path, lines), stacks in stacks_by_origin.items()]


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        recorded: dict[str, dict[str, Any]] = json.loads(path.read_bytes())
    except (OSError, ValueError) as unreadable:
        raise SynthesisError(f"{path} cannot be read: {unreadable}", fix="gw synth") from unreadable
    return recorded
