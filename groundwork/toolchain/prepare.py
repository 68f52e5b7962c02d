"""What set-up does once Python is there: Terraform, its providers, and the Go programs that a target needs.

`python -m groundwork.toolchain.prepare TARGET ROOT RECORD` writes into RECORD what has to stay there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from groundwork.errors import GroundworkError
from groundwork.paths import Project
from groundwork.toolchain import go_tools, providers, terraform

# What each target runs. `demo` renders charts only where helm is there already: building it takes minutes.
NEEDS: Mapping[str, tuple[str, ...]] = {
    # Six minutes for the embedded Kubernetes are not everybody's: who wants it asks for it, or runs all tests.
    "setup": tuple(name for name, tool in go_tools.TOOLS.items() if tool.setup == "make setup"),
    "kubernetes": ("helm", *(name for name, tool in go_tools.TOOLS.items() if tool.setup == "make kubernetes")),
    "test": tuple(go_tools.TOOLS),
    "check": ("actionlint",),
    "demo": (),
    "bench": (),
    "pipeline": (),
}
# Lint, types and Kubernetes need no Terraform.
WITHOUT_TERRAFORM = {"check", "kubernetes"}


@dataclass
class Prepared:
    """`paths` have to stay there for this to hold; `missing` names providers that could not be had this time."""

    paths: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def prepare(
    target: str, environ: Mapping[str, str], project: Project, say: Callable[[str], None] = lambda _: None
) -> Prepared:
    """Make everything the target needs.

    A provider that cannot be had is said and left out: the stacks that use it report it when they are planned.
    """
    made = Prepared()
    if target not in WITHOUT_TERRAFORM:
        with _timed("Terraform", say) as tell:
            binary = terraform.find(environ, project, on_progress=tell)
            tell(f"{binary.version} ({binary.origin})")
        made.paths.append(str(binary.path))
        with _timed("Terraform providers", say) as tell:
            locks = sorted(project.provider_locks.rglob("*.hcl"))
            for one in providers.prime(binary, environ, project, locks, on_progress=tell):
                name = f"{one.provider.address} {one.provider.version}"
                if one.path:
                    made.paths.append(str(one.path))
                if one.problem:
                    made.missing.append(name)
                    tell(f"{name} is missing, its stacks cannot be planned: {one.problem[:160]}")
                else:
                    tell(f"{name}: {one.origin}")
    for name in NEEDS[target]:
        with _timed(name, say) as tell:
            made.paths.append(str(go_tools.ensure(name, environ, project, on_progress=tell).path))
    return made


@contextmanager
def _timed(name: str, say: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    began = time.monotonic()
    yield lambda text: say(f"{name}: {text}")
    if (seconds := time.monotonic() - began) > 1:
        say(f"{name}: {seconds:.1f} s")


def main(target: str, root: str, record: str) -> int:
    """Prepare and record; returns the exit code."""
    try:
        made = prepare(target, os.environ, Project(Path(root)), lambda text: _say(f"setup: {text}"))
    except GroundworkError as error:
        _say(f"error: {error}")
        return error.exit_code
    Path(record).write_text(json.dumps(asdict(made)))
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
