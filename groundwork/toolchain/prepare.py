"""The part of set-up that runs on .venv: Terraform, its providers, and the Go programs that a target needs.

`python -m groundwork.toolchain.prepare TARGET ROOT RECORD` writes the result into RECORD (JSON).
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

from groundwork.errors import GroundworkError, ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools, providers, terraform

# What a target of its own builds: tests that need it are skipped without it, and say what builds it.
_OWN_TARGETS = {"make policies", "make services-test", "make node", "make ingress", "make secrets-controller"}
# The Go programs of each target. `demo` renders charts only where helm is installed: building it takes minutes.
NEEDS: Mapping[str, tuple[str, ...]] = {
    # Without the embedded Kubernetes, which takes six minutes to build.
    "setup": tuple(name for name, tool in go_tools.TOOLS.items() if tool.setup == "make setup"),
    "kubernetes": ("helm", *(name for name, tool in go_tools.TOOLS.items() if tool.setup == "make kubernetes")),
    # A node that runs containers, for the embedded Kubernetes.
    "node": tuple(name for name, tool in go_tools.TOOLS.items() if tool.setup == "make node"),
    # Its ingress controller: the largest program of all.
    "ingress": ("traefik",),
    # What fetches secrets for its pods.
    "secrets-controller": ("external-secrets",),
    # For rules in Rego; without it they are reported as not judged.
    "policies": ("conftest",),
    "test": tuple(name for name, tool in go_tools.TOOLS.items() if tool.setup not in _OWN_TARGETS),
    # The MongoDB of the services' tests.
    "services": ("ferretdb",),
    "check": ("actionlint",),
    "demo": (),
    "bench": (),
    **dict.fromkeys(("github", "synthesis", "plan", "apply"), ()),
    # It publishes charts.
    "release": ("helm",),
}
# Without it the tests that need it are skipped, and say what builds it; all others run.
OPTIONAL = {"ferretdb"}
# Jobs that make a review.
JUDGING = {"synthesis", "plan", "apply"}
# Lint, types, Kubernetes, policies, services, a release, and what only talks to GitHub need no Terraform.
WITHOUT_TERRAFORM = {
    "check", "kubernetes", "node", "ingress", "secrets-controller", "github", "release", "policies", "services",
}  # fmt: skip
# Synthesis and the review of it name providers and start none.
WITHOUT_PROVIDERS = {*WITHOUT_TERRAFORM, "synthesis"}


@dataclass
class Prepared:
    """What was made: it is complete while `paths` exist; `missing` names providers and programs to try again."""

    paths: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def prepare(
    target: str, environ: Mapping[str, str], project: Project, say: Callable[[str], None] = lambda _: None
) -> Prepared:
    """Make everything the target needs.

    A provider that is not available is reported and left out: stacks that use it report it when they are planned.
    So is an optional program.
    """
    made = Prepared()
    if target not in WITHOUT_TERRAFORM:
        with _timed("Terraform", say) as tell:
            binary = terraform.find(environ, project, on_progress=tell)
            tell(f"{binary.version} ({binary.origin})")
        made.paths.append(str(binary.path))
    if target not in WITHOUT_PROVIDERS:
        with _timed("Terraform providers", say) as tell:
            locks = sorted(project.provider_locks.rglob("*.hcl"))
            for primed in providers.prime(binary, environ, project, locks, on_progress=tell):
                name = f"{primed.provider.address} {primed.provider.version}"
                if primed.path:
                    made.paths.append(str(primed.path))
                if primed.problem:
                    made.missing.append(name)
                    tell(f"{name} is missing, its stacks cannot be planned: {primed.problem[:160]}")
                else:
                    tell(f"{name}: {primed.origin}")
    for name in (*NEEDS[target], *of_policies(target, project)):
        with _timed(name, say) as tell:
            try:
                made.paths.append(str(go_tools.ensure(name, environ, project, on_progress=tell).path))
            except ToolMissing as error:
                if name not in OPTIONAL:
                    raise
                made.missing.append(name)
                tell(f"missing, tests that need it are skipped: {error.message}")
    return made


def of_policies(target: str, project: Project) -> tuple[str, ...]:
    """What the rules in Rego need in the jobs that review: a rule that judges nothing stops them or needs a person."""
    return ("conftest",) if target in JUDGING and any(project.policies.glob("*.rego")) else ()


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
