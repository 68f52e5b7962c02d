"""A checkout with its tools: what the commands do, as functions that return values and print nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from groundwork.errors import LocalCloudError, SynthesisError, UsageError
from groundwork.paths import Project
from groundwork.plan import affected, prerequisites, selection
from groundwork.plan import diff as diffing
from groundwork.plan.diff import StackDiff, Status
from groundwork.state import orphans
from groundwork.state.orphans import Orphan
from groundwork.state.state_store import StateStore
from groundwork.synthesis.manifest import Manifest
from groundwork.terraform.cdktf import Cdktf, OnEvent, Run, StackLog
from groundwork.terraform.stack_plan import StackPlan
from groundwork.toolchain import side_by_side
from stacks.values import Environment, load_all
from stacks.values.placeholders import refuse_placeholders

_MESSAGE_LINES = 30


@dataclass(frozen=True)
class Tools:
    """The programs of this machine. `environ` is complete for a child process; `parallelism` counts Terraform runs."""

    cdktf: Sequence[str]
    terraform: Path
    python: Path
    environ: Mapping[str, str]
    run: Run
    parallelism: int
    helm_provider: bool
    """Whether Terraform can install the Helm provider here."""
    helm: Path | None
    """The `helm` binary, with which the laptop releases what Terraform cannot."""
    kubeconfig: Path | None
    """A cluster that stands in for the embedded EKS, which has no Kubernetes API."""


@dataclass(frozen=True)
class Workspace:
    """One checkout. `endpoint` is the embedded AWS's address where it runs; `out` is what synthesis writes."""

    project: Project
    tools: Tools
    endpoint: str | None = None
    out_name: str = "cdktf.out"
    environments_folder: Path | None = None
    _stores: dict[str, StateStore] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        """Where the synthesised stacks lie."""
        return self.project.root / self.out_name

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """Every environment by name; raises EnvironmentFileError with every problem of every file."""
        return {e.name: e for e in load_all(self.environments_folder or self.project.environments)}

    def environment_of(self, stack: str) -> Environment:
        """The environment that a stack belongs to."""
        return self.environments[selection.environment_of(stack, self.environments)]

    # ── synthesis ──────────────────────────────────────────────────────────────────────────────────
    def environments_of(self, wanted: Sequence[str]) -> list[str]:
        """The environments that are needed for what was typed; all of them for nothing."""
        names = list(self.environments)
        if not wanted:
            return names
        found = {name if name in names else selection.environment_of(name, names) for name in wanted}
        return [name for name in names if name in found]

    def synth(self, environments: Sequence[str] = ()) -> Manifest:
        """Run main.py, for some environments or for all; raises SynthesisError with what it said."""
        chosen = [word for name in environments for word in ("--environment", name)]
        if self.environments_folder:
            chosen += ["--environments", str(self.environments_folder)]
        said: list[str] = []
        code = self.tools.run(
            [str(self.tools.python), "main.py", *chosen],
            cwd=self.project.root,
            environ={**self.tools.environ, "CDKTF_OUTDIR": self.out_name},
            on_line=said.append,
        )
        if code:
            raise SynthesisError("main.py did not synthesise:\n" + "\n".join(said[-_MESSAGE_LINES:]))
        return self.manifest()

    def manifest(self) -> Manifest:
        """What was synthesised last; raises SynthesisError where nothing was."""
        return Manifest.read(self.out)

    def select(self, manifest: Manifest, wanted: Sequence[str]) -> list[str]:
        """The stacks that are meant, in deploy order; raises UsageError for an unknown name."""
        return selection.select(wanted, [stack.name for stack in manifest.stacks], self.environments)

    # ── what is there ──────────────────────────────────────────────────────────────────────────────
    def store(self, stack: str) -> StateStore:
        """The state of a stack."""
        if stack not in self._stores:
            on_laptop = self.environment_of(stack).target == "laptop"
            self._stores[stack] = StateStore.of(
                self.out / "stacks" / stack, endpoint=self._laptop_endpoint() if on_laptop else None
            )
        return self._stores[stack]

    def environ(self, stack: str) -> dict[str, str]:
        """The environment variables for Terraform on a stack."""
        environ = dict(self.tools.environ)
        if self.environment_of(stack).target == "laptop":
            # Beats the endpoint of the laptop's profile, so that a server on another port is found.
            environ["AWS_ENDPOINT_URL"] = self._laptop_endpoint()
            # It would switch both off, and the laptop's Terraform would find nothing at all.
            environ.pop("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", None)
        return environ

    def cdktf(self, stack: str) -> Cdktf:
        """The genuine command with the settings of the stack's environment."""
        return Cdktf(self.project.root, [*self.tools.cdktf], self.environ(stack), self.tools.run, output=self.out_name)

    def _laptop_endpoint(self) -> str:
        if not self.endpoint:
            raise LocalCloudError("the embedded AWS is not running", fix="gw local up")
        return self.endpoint

    def unplannable(self, stack: str) -> tuple[Status, str] | None:
        """Why Terraform cannot plan a stack here; None where it can."""
        if "helm" not in self.manifest().providers(stack):
            return None
        if not self.tools.helm_provider:
            return Status.NO_PROVIDER, "the Helm provider cannot be installed here"
        if self.environment_of(stack).target == "laptop" and not self.tools.kubeconfig:
            return Status.NO_CLUSTER, "no Kubernetes API stands behind the embedded EKS"
        return None

    # ── diff, deploy, destroy ──────────────────────────────────────────────────────────────────────
    def diff(
        self,
        stacks: Sequence[str],
        *,
        base: Manifest | None = None,
        through_cdktf: bool = False,
        on_begin: Callable[[str], None] = lambda _: None,
        on_end: Callable[[StackDiff], None] = lambda _: None,
    ) -> list[StackDiff]:
        """What each stack would change; blocked and unplannable ones say so.

        With a `base`, stacks that are the same there and read nothing that differs are untouched, and not planned.
        `through_cdktf` starts the genuine `cdktf diff` for each instead of what it runs.
        """
        for stack in stacks:
            refuse_placeholders(self.environment_of(stack))
        manifest = self.manifest()
        dependencies = manifest.dependencies
        waiting = prerequisites.blocked(stacks, dependencies, lambda stack: self.store(stack).deployed())
        not_planned = {
            stack: (Status.BLOCKED, f"waits for {', '.join(upstream)}, which has no state yet")
            for stack, upstream in waiting.items()
        }
        not_planned |= {stack: reason for stack in stacks if (reason := self.unplannable(stack))}
        if base:
            touched = affected.affected(base, manifest)
            same = (Status.UNTOUCHED, "its Terraform and all it reads are as in the base")
            not_planned |= {stack: same for stack in stacks if stack not in touched}

        def plan(stack: str, stop: threading.Event) -> StackLog:
            if through_cdktf:
                return self.cdktf(stack).diff(stack, stop=stop)
            program, run = self.tools.terraform, self.tools.run
            return StackPlan(manifest.stack(stack), program, self.environ(stack), run).diff(stop=stop)

        return diffing.diff(
            stacks,
            plan=plan,
            not_planned=not_planned,
            parallelism=self.tools.parallelism,
            on_begin=on_begin,
            on_end=on_end,
        )

    def orphans(self, environments: Sequence[str]) -> list[Orphan]:
        """Stacks of these environments that have resources in a state and no code any more."""
        stacks = [stack.name for stack in self.manifest().stacks]
        found: list[Orphan] = []
        for name in environments:
            own = [stack for stack in stacks if selection.environment_of(stack, self.environments) == name]
            if own:
                found += orphans.find(self.store(own[0]), name, own)
        return found

    def deploy(self, stacks: Sequence[str], *, on_event: OnEvent) -> dict[str, StackLog]:
        """Apply stacks in dependency order. All must lie on the same side: the laptop, or AWS."""
        self._one_target(stacks)
        dependencies = self.manifest().dependencies
        prerequisites.require(stacks, dependencies, lambda stack: self.store(stack).deployed())
        whole = prerequisites.complete(stacks, dependencies)
        logs: dict[str, StackLog] = {}
        for together in [list(stacks)] if whole else prerequisites.waves(stacks, dependencies):
            logs |= self.cdktf(together[0]).deploy(
                together, parallelism=self.tools.parallelism, on_event=on_event, complete=whole
            )
        return logs

    def destroy(self, stacks: Sequence[str], *, on_event: OnEvent) -> dict[str, StackLog]:
        """Destroy stacks, downstream first; raises StackBlocked where one that stays reads one that would go."""
        self._one_target(stacks)
        dependencies = self.manifest().dependencies
        prerequisites.require_unread(stacks, dependencies, lambda stack: self.store(stack).deployed())
        if not prerequisites.dependants(stacks, dependencies):
            return self.cdktf(stacks[0]).destroy(stacks, parallelism=self.tools.parallelism, on_event=on_event)

        def one(stack: str, stop: threading.Event) -> dict[str, StackLog]:
            return self.cdktf(stack).destroy_one(stack, on_event=on_event, stop=stop)

        logs: dict[str, StackLog] = {}
        for together in reversed(prerequisites.waves(stacks, dependencies)):
            for log in side_by_side.each(one, together, at_once=self.tools.parallelism):
                logs |= log
        return logs

    def _one_target(self, stacks: Sequence[str]) -> None:
        environments = {self.environment_of(stack).name: self.environment_of(stack) for stack in stacks}
        for environment in environments.values():
            refuse_placeholders(environment)
        if len({environment.target for environment in environments.values()}) > 1:
            raise UsageError(
                f"{', '.join(environments)} lie partly on the laptop and partly on AWS",
                fix="name them one after the other",
            )
