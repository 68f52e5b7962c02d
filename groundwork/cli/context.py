"""What a command works with: the checkout, the environment variables, the tools, the embedded servers."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.paths import Project
from groundwork.workspace import Tools, Workspace

if TYPE_CHECKING:
    from groundwork.apply.rollout import Releaser
    from groundwork.checks.run import Checkers
    from localcloud.cloud import LocalCloud
    from localcloud.kubernetes.cluster import EmbeddedKubernetes

HELM_PROVIDER = "registry.terraform.io/hashicorp/helm"


def who() -> str:
    """Who runs a command: the person who started the workflow run, or this machine's user."""
    return (os.environ.get("GITHUB_ACTOR") if os.environ.get("GITHUB_RUN_ID") else None) or getpass.getuser()


@dataclass(frozen=True)
class Context:
    """The checkout and environment of a command; the rest is looked up when it is needed."""

    project: Project
    environ: Mapping[str, str]

    @classmethod
    def here(cls) -> Context:
        """The checkout that contains the working folder."""
        return cls(Project.find(Path.cwd()), dict(os.environ))

    @cached_property
    def cloud(self) -> LocalCloud:
        """The embedded AWS of this checkout."""
        from localcloud.cloud import LocalCloud

        return LocalCloud(self.project.work, Path(sys.executable))

    @cached_property
    def kubernetes(self) -> EmbeddedKubernetes:
        """The embedded Kubernetes of this checkout."""
        from localcloud.kubernetes.cluster import EmbeddedKubernetes

        return EmbeddedKubernetes(self.project.work, Path(sys.executable))

    @cached_property
    def tools(self) -> Tools:
        """The programs of this machine; raises ToolMissing with the command that fixes it."""
        from groundwork.toolchain import environment, memory, providers, terraform
        from groundwork.toolchain.cdktf_launcher import command

        binary = terraform.find(self.environ, self.project, may_download=False)
        known = providers.sources(self.environ, self.project)
        return Tools(
            cdktf=command(self.project, quick=True),
            terraform=binary.path,
            python=Path(sys.executable),
            environ=environment.environment(self.environ, self.project, binary),
            parallelism=memory.parallelism(available_bytes=memory.free_memory(), cores=memory.usable_cores()),
            # Never KUBECONFIG, which may name a real cluster. The laptop's Helm provider reads this file, too.
            kubeconfig=self.kubernetes.kubeconfig,
            helm_provider=any(HELM_PROVIDER in {*source.unpacked, *source.packed} for source in known),
        )

    @cached_property
    def releaser(self) -> Releaser | None:
        """Handles Helm releases on the laptop; None where helm is not installed."""
        from groundwork.cli.releases import LaptopReleases
        from groundwork.toolchain import go_tools, process
        from localcloud.kubernetes.helm import Helm

        binary = go_tools.find("helm", self.environ, self.project)
        if binary is None:
            return None
        helm = Helm(binary.path, self.tools.environ, process.run)
        return LaptopReleases(helm, self.tools.kubeconfig, self._images_of_the_node)

    def _images_of_the_node(self) -> Collection[str] | None:
        from groundwork.toolchain import go_tools
        from localcloud.kubernetes.node.images import Images

        status, ctr = self.kubernetes.status(), go_tools.find("ctr", self.environ, self.project)
        if status is None or not status.runs_containers or ctr is None:
            return None
        return Images(ctr.path, self.kubernetes.layout.run).names()

    def checkers(self, on_progress: Callable[[str], None]) -> Checkers:
        """checkov and tflint; builds tflint and its ruleset where they are missing (minutes, once per user)."""
        from groundwork.checks.run import Checkers
        from groundwork.toolchain import go_tools

        tflint, ruleset = (
            go_tools.ensure(name, self.environ, self.project, on_progress=on_progress)
            for name in ("tflint", "tflint-ruleset-aws")
        )
        return Checkers(
            checkov=self.project.venv / "bin" / "checkov",
            tflint=tflint.path,
            tflint_plugins=ruleset.path.parent,
            environ=self.environ,
        )

    def workspace(self) -> Workspace:
        """The checkout with its tools, and with the embedded AWS where it runs."""
        running = self.cloud.status()
        return Workspace(self.project, self.tools, endpoint=running.endpoint if running else None)
