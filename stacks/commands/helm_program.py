"""The `helm` binary without anybody's settings: no repositories, credentials, caches or clusters of the user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import ReleaseFailed, ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools, process
from groundwork.toolchain.secure_tempdir import secure_tempdir

_SECONDS = 300.0
_USERS = ("HELM_", "KUBE")  # variables that begin so would bring them back


@dataclass(frozen=True)
class HelmProgram:
    """The binary at `path`. `home` is a secure tempdir, where Helm keeps what it would keep in the user's home."""

    path: Path
    environ: Mapping[str, str]
    home: Path

    @property
    def registry_config(self) -> Path:
        """Where Helm looks for credentials of registries."""
        return self.home / "registry.json"

    def run(self, *words: str) -> process.Finished:
        """Run `helm WORDS`, whether or not it succeeds."""
        environ = {key: value for key, value in self.environ.items() if not key.startswith(_USERS)}
        folders = {f"HELM_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        return process.run(
            [str(self.path), *words],
            environ={**environ, **folders, "HELM_REGISTRY_CONFIG": str(self.registry_config)},
            keep_stdout=True,
            timeout=_SECONDS,
        )

    def require(self, *words: str, problem: str) -> str:
        """Run `helm WORDS`; its output, or ReleaseFailed with `problem` and Helm's own words."""
        finished = self.run(*words)
        if not finished.ok:
            raise ReleaseFailed(f"{problem}: {finished.tail}")
        return finished.stdout


@contextmanager
def helm_program(environ: Mapping[str, str], project: Project) -> Iterator[HelmProgram]:
    """Helm with a folder of its own, which is deleted at the end; raises ToolMissing where helm is not installed."""
    binary = go_tools.find("helm", environ, project)
    if binary is None:
        raise ToolMissing("helm is not installed", fix="make setup")
    with secure_tempdir() as home:
        yield HelmProgram(binary.path, environ, home)
