"""A checkout with its tools: synthesis, its stacks, their states, and Terraform for each."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from groundwork import platform, selection
from groundwork.errors import LocalCloudError, SynthesisError, UsageError
from groundwork.paths import Project
from groundwork.platform import Environment, Platform
from groundwork.synthesis.manifest import Manifest
from groundwork.terraform.cdktf import Cdktf
from groundwork.terraform.environ import synthesis_environ
from groundwork.terraform.terraform import Terraform
from groundwork.toolchain import process
from groundwork.toolchain.cdktf_launcher import require_installed

if TYPE_CHECKING:
    # They import boto3, which takes longer than all the rest and which a synthesis does not need.
    from groundwork.state.orphans import Orphan
    from groundwork.state.state_store import StateStore

_MESSAGE_LINES = 30


@dataclass(frozen=True)
class Tools:
    """The programs of this machine. `environ` is complete for a child process; `parallelism` counts Terraform runs."""

    cdktf: Sequence[str]
    """Node and cdktf-cli, which is not installed where nothing starts it."""
    terraform: Path
    python: Path
    environ: Mapping[str, str]
    parallelism: int
    helm_provider: bool
    """Whether Terraform can install the Helm provider here."""
    kubeconfig: Path | None
    """Of a cluster to use with the embedded EKS, which has no Kubernetes API."""


@dataclass(frozen=True)
class Unplannable:
    """Why Terraform cannot plan a stack on this machine."""

    missing: Literal["provider", "cluster"]
    why: str


@dataclass(frozen=True)
class Workspace:
    """One checkout. `endpoint` is the address of the embedded AWS where it runs.

    `lock_seconds` is how long a plan waits for the lock of its stack's state.
    """

    project: Project
    tools: Tools
    endpoint: str | None = None
    out_name: str = "cdktf.out"
    environments_folder: Path | None = None
    lock_seconds: int = 0
    _stores: dict[str, StateStore] = field(default_factory=dict)

    def with_out(self, out_name: str) -> Workspace:
        """The same checkout with a folder beside cdktf.out in its place; stacks name files by paths relative to it."""
        return replace(self, out_name=out_name, _stores={})

    @property
    def out(self) -> Path:
        """Where the synthesised stacks lie."""
        return self.project.root / self.out_name

    # ── environments ───────────────────────────────────────────────────────────────────────────────
    @cached_property
    def platform(self) -> Platform:
        """The platform that the checkout contains."""
        return platform.load(self.project)

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """Every environment by name; raises EnvironmentFileError with every problem of every file."""
        return {environment.name: environment for environment in self.platform.environments(self._values)}

    @property
    def _values(self) -> Path:
        return self.environments_folder or self.project.environments

    def environment_of(self, stack: str) -> Environment:
        """The environment that a stack belongs to."""
        return self.environments[selection.environment_of(stack, self.environments)]

    def on_laptop(self, stack: str) -> bool:
        """Whether a stack belongs to the embedded AWS."""
        return self.environment_of(stack).target == "laptop"

    def environments_of(self, wanted: Sequence[str]) -> list[str]:
        """The environments of stacks and environments as they were typed; all of them for no names."""
        names = self.platform.names(self._values)
        if not wanted:
            return list(names)
        chosen = {name if name in names else selection.environment_of(name, names) for name in wanted}
        return [name for name in names if name in chosen]

    # ── synthesis ──────────────────────────────────────────────────────────────────────────────────
    def synth(self, environments: Sequence[str] = (), *, planted: Mapping[str, str] | None = None) -> Manifest:
        """Run the app, for some environments or for all, without anybody's credentials.

        `planted` are further environment variables. Raises SynthesisError with what the app printed.
        """
        lines: list[str] = []
        arguments = self.platform.synth_arguments(environments, self.environments_folder)
        with tempfile.TemporaryDirectory(prefix="groundwork-synth-") as home:
            environ = synthesis_environ(self.tools.environ, home=Path(home), checkout=self.project.root)
            finished = process.run(
                [str(self.tools.python), *self._app(), *arguments],
                cwd=self.project.root,
                environ={**environ, **(planted or {}), "CDKTF_OUTDIR": self.out_name},
                on_line=lines.append,
            )
        if not finished.ok:
            self.platform.environments(self._values)  # raises every problem of a broken file
            raise SynthesisError(f"{self._app()[0]} did not synthesise:\n" + "\n".join(lines[-_MESSAGE_LINES:]))
        return self.manifest()

    def _app(self) -> list[str]:
        """The program of cdktf.json's `app`, without its Python: the tool uses its own."""
        words = shlex.split(json.loads((self.project.root / "cdktf.json").read_bytes())["app"])
        return words[1:] if Path(words[0]).name.startswith("python") else words

    def manifest(self) -> Manifest:
        """The last synthesis; raises SynthesisError where there is no output."""
        return Manifest.read(self.out)

    def select(self, manifest: Manifest, wanted: Sequence[str]) -> list[str]:
        """The stacks that the typed names select, in deploy order; raises UsageError for an unknown name."""
        return selection.select(wanted, [stack.name for stack in manifest.stacks], self.environments)

    # ── one stack ──────────────────────────────────────────────────────────────────────────────────
    def folder(self, stack: str) -> Path:
        """Where Terraform runs for a stack; raises SynthesisError for one that is not synthesised."""
        return self.manifest().stack(stack).folder

    def store(self, stack: str) -> StateStore:
        """The state of a stack."""
        from groundwork.state.state_store import StateStore  # noqa: PLC0415 - see above

        if stack not in self._stores:
            endpoint = self._laptop_endpoint() if self.on_laptop(stack) else None
            self._stores[stack] = StateStore.of(self.folder(stack), endpoint=endpoint)
        return self._stores[stack]

    def deployed(self, stack: str) -> bool:
        """Whether a stack has a state that others can read."""
        return self.store(stack).deployed()

    def environ(self, stack: str) -> dict[str, str]:
        """The environment variables for Terraform on a stack."""
        environ = dict(self.tools.environ)
        if self.on_laptop(stack):
            # It overrides the endpoint in the laptop's profile: the server may use another port.
            environ["AWS_ENDPOINT_URL"] = self._laptop_endpoint()
            # It would disable both endpoints, and Terraform would call AWS itself.
            environ.pop("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", None)
            # The Helm provider would release into the cluster that the shell names: KUBE_CONFIG_PATHS, for example,
            # comes before the kubeconfig of the stack (helm/kubeconfig.go of terraform-provider-helm).
            environ = {name: value for name, value in environ.items() if not name.startswith("KUBE")}
        return environ

    def terraform(self, stack: str, folder: Path | None = None) -> Terraform:
        """Terraform for a stack, in its folder or in another one."""
        return Terraform(
            folder or self.folder(stack),
            stack,
            self.tools.terraform,
            self.environ(stack),
            lock_seconds=self.lock_seconds,
        )

    def cdktf(self, stack: str) -> Cdktf:
        """The cdktf command with the settings of the stack's environment; raises ToolMissing without cdktf-cli."""
        require_installed(self.tools.cdktf)
        return Cdktf(
            self.project.root,
            [*self.tools.cdktf],
            self.environ(stack),
            output=self.out_name,
            initialise=lambda name, stop: self.terraform(name).ensure_init(stop=stop),
        )

    def unplannable(self, stack: str) -> Unplannable | None:
        """Why Terraform cannot plan a stack here; None where it can."""
        if "helm" not in self.manifest().providers(stack):
            return None
        if not self.tools.helm_provider:
            return Unplannable("provider", "the Helm provider cannot be installed here")
        if self.on_laptop(stack) and not self.tools.kubeconfig:
            return Unplannable("cluster", "the embedded EKS has no Kubernetes API")
        return None

    def _laptop_endpoint(self) -> str:
        if not self.endpoint:
            raise LocalCloudError("the embedded AWS is not running", fix="gw local up")
        return self.endpoint

    # ── several stacks ─────────────────────────────────────────────────────────────────────────────
    def orphans(self, environments: Sequence[str]) -> list[Orphan]:
        """Stacks of these environments that have resources in a state but no code any more."""
        from groundwork.state import orphans  # noqa: PLC0415 - see above

        stacks = [stack.name for stack in self.manifest().stacks]
        orphaned: list[Orphan] = []
        for name in environments:
            own = [stack for stack in stacks if selection.environment_of(stack, self.environments) == name]
            if own:
                orphaned += orphans.find(self.store(own[0]), name, own)
        return orphaned

    def require_one_target(self, stacks: Sequence[str]) -> None:
        """Raise UsageError where some of these lie on the laptop and some on AWS."""
        environments = {self.environment_of(stack).name: self.environment_of(stack) for stack in stacks}
        for environment in environments.values():
            environment.require_real_accounts()
        if len({environment.target for environment in environments.values()}) > 1:
            raise UsageError(
                f"{', '.join(environments)} are partly on the laptop and partly on AWS",
                fix="name them one after the other",
            )
