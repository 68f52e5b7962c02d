"""Programs written in Go: the one on PATH where it is new enough, otherwise one per user.

That one is the publisher's release where tools/releases.json pins it and its host is reachable, otherwise it is built
from tools/*/go.mod.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from packaging.version import Version

from groundwork.errors import ToolMissing, UsageError
from groundwork.paths import Project
from groundwork.toolchain import go, process, releases

_REPORT = 10.0  # seconds between two lines of progress
_NUMBER = re.compile(r"\d+\.\d+(\.\d+)?")


@dataclass(frozen=True)
class GoTool:
    """A program: its package, the arguments that print its version, the versions accepted on PATH, linker settings.

    Versions from `at_least` up to, but without, `below` are accepted. Linker settings repeat what the publisher's own
    release build sets; `{version}` is the pinned version. A program without a version flag is always built: a plugin,
    or one of several that must have the same version. `files` of the package's folder, or of the
    module `files_of` where that is given, are copied beside the program.
    """

    name: str
    package: str
    version_flag: str = ""
    at_least: str = ""
    below: str = ""
    ldflags: tuple[str, ...] = ()
    seconds: int = 60  # measured on 2 cores with an empty build cache
    module: str = ""  # the folder in tools/, where it differs from the name
    setup: str = "make setup"  # the command that builds it
    files: tuple[str, ...] = ()
    files_of: str = ""

    @property
    def folder(self) -> str:
        """The folder in tools/ whose go.mod pins the program."""
        return self.module or self.name


_EMBEDDED = "make kubernetes"
_NODE = "make node"
_CONTAINERD = "github.com/containerd/containerd/v2/cmd"
_CNI = "github.com/containernetworking/plugins"
_KUBERNETES_VERSION = (
    # Without these a server reports v0.0.0-master, which clients cannot compare with their own version.
    "-X=k8s.io/component-base/version.gitVersion=v{version}",
    "-X=k8s.io/component-base/version.gitMajor=1",
    "-X=k8s.io/component-base/version.gitMinor={kubernetes_minor}",
)


def _kubernetes(
    name: str, seconds: int, version_flag: str = "", at_least: str = "", below: str = "", *, setup: str = _EMBEDDED
) -> GoTool:
    return GoTool(
        name, f"k8s.io/kubernetes/cmd/{name}", version_flag, at_least, below,
        ldflags=_KUBERNETES_VERSION, seconds=seconds, module="kubernetes", setup=setup,
    )  # fmt: skip


def _of_the_node(name: str, package: str, module: str, seconds: int) -> GoTool:
    """A program of the embedded node: always the pinned one, since its configuration is written for that."""
    return GoTool(name, package, module=module, seconds=seconds, setup=_NODE)


TOOLS = {
    tool.name: tool
    for tool in (
        GoTool(
            "helm", "helm.sh/helm/v3/cmd/helm", "version", "3.14", "4", seconds=145,
            # Without these `helm template` renders for Kubernetes 1.20, and charts that require more fail.
            ldflags=(
                "-X=helm.sh/helm/v3/internal/version.version=v{version}",
                "-X=helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
                "-X=helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={kubernetes_minor}",
                "-X=helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1",
                "-X=helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor={kubernetes_minor}",
            ),
        ),
        GoTool("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "-version", "1.7", seconds=21),
        GoTool("tflint", "github.com/terraform-linters/tflint", "--version", "0.50", seconds=90),
        GoTool("tflint-ruleset-aws", "github.com/terraform-linters/tflint-ruleset-aws", seconds=115),
        GoTool("act", "github.com/nektos/act", "--version", "0.2.80", seconds=24, setup="make test"),
        # Always the pinned one: another version finds other things.
        GoTool("kube-score", "github.com/zegl/kube-score/cmd/kube-score", seconds=45, setup="make test"),
        GoTool(
            "conftest", "github.com/open-policy-agent/conftest", "--version", "0.62", seconds=140,
            setup="make policies",
            ldflags=("-X=github.com/open-policy-agent/conftest/internal/version.Version={version}",),
        ),
        GoTool("etcd", "go.etcd.io/etcd/server/v3", seconds=20, setup=_EMBEDDED),
        _kubernetes("kube-apiserver", 195),
        _kubernetes("kube-controller-manager", 70),
        _kubernetes("kube-scheduler", 10),
        _kubernetes("kubectl", 15, "version --client", "1.33", "1.36"),
        GoTool("kwok", "sigs.k8s.io/kwok/cmd/kwok", seconds=70, setup=_EMBEDDED),
        _kubernetes("kubelet", 90, setup=_NODE),
        _kubernetes("kube-proxy", 20, setup=_NODE),
        _of_the_node("containerd", f"{_CONTAINERD}/containerd", "containerd", 100),
        _of_the_node("containerd-shim-runc-v2", f"{_CONTAINERD}/containerd-shim-runc-v2", "containerd", 10),
        _of_the_node("ctr", f"{_CONTAINERD}/ctr", "containerd", 10),
        _of_the_node("ptp", f"{_CNI}/plugins/main/ptp", "cni", 15),
        _of_the_node("host-local", f"{_CNI}/plugins/ipam/host-local", "cni", 5),
        _of_the_node("portmap", f"{_CNI}/plugins/meta/portmap", "cni", 5),
        _of_the_node("kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router", "kube-router", 60),
        _of_the_node("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server", "metrics-server", 60),
        # Built from tools/cni/main.go and tools/coredns/main.go.
        _of_the_node("pause", f"{_CNI}/groundwork", "cni", 2),
        _of_the_node("coredns", "github.com/coredns/coredns/groundwork", "coredns", 60),
        GoTool(
            "traefik", "github.com/traefik/traefik/v3/cmd/traefik", seconds=650, setup="make ingress",
            ldflags=("-X=github.com/traefik/traefik/v3/pkg/version.Version={version}",),
            # The standard channel, in the version whose client Traefik has.
            files=tuple(f"config/crd/standard/gateway.networking.k8s.io_{kinds}.yaml" for kinds in (
                "gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants",
            )),
            files_of="sigs.k8s.io/gateway-api",
        ),
        GoTool(
            "external-secrets", "github.com/external-secrets/external-secrets", seconds=600,
            setup="make secrets-controller",
            files=tuple(f"config/crds/bases/{name}.yaml" for name in (
                "external-secrets.io_externalsecrets", "external-secrets.io_secretstores",
                "generators.external-secrets.io_generatorstates",
            )),
        ),
        # Built from tools/ferretdb/main.go: FerretDB's own program panics where it is not built in its checkout.
        GoTool("ferretdb", "github.com/FerretDB/FerretDB/groundwork", seconds=150, setup="make services-test"),
        # Built from tools/registry/main.go, for tests of charts.
        GoTool("registry", "github.com/google/go-containerregistry/groundwork", seconds=10, setup="make test"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Located:
    """A program that can be run; `origin` says in words where it came from."""

    name: str
    path: Path
    version: str
    origin: str


def find(name: str, environ: Mapping[str, str], project: Project) -> Located | None:
    """The program from PATH, an earlier download or build; None where it would have to be made."""
    tool = _tool(name)
    for folder in environ.get("PATH", "").split(os.pathsep) if tool.version_flag else ():
        path = Path(folder or ".") / name
        if folder != str(links(project)) and os.access(path, os.X_OK) and path.is_file():
            version = _version(tool, path)
            if version and Version(tool.at_least) <= version and not (tool.below and version >= Version(tool.below)):
                return Located(name, path, str(version), "PATH")
    return _made(tool, project)


def _made(tool: GoTool, project: Project) -> Located | None:
    """The program as an earlier set-up downloaded or built it; None also where the checkout does not pin it."""
    if not _module_file(tool, project).is_file():
        return None
    version = pinned_version(tool, project)
    release = releases.pinned(tool.name, version, project)
    if release and (path := release.place(project)).is_file():
        return Located(tool.name, path, version, "downloaded, pinned in tools/releases.json")
    if (path := _built(tool, project)).is_file():
        return Located(tool.name, path, version, f"built from tools/{tool.folder}")
    return None


def ensure(
    name: str, environ: Mapping[str, str], project: Project, *, on_progress: Callable[[str], None] = lambda _: None
) -> Located:
    """The program, downloaded or built first where it does not exist yet; raises ToolMissing where both fail."""
    program = find(name, environ, project)
    if program is None:
        tool = _tool(name)
        home = project.cache / "tools" / name
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home / ".lock", on_progress):
            # Another process may have been quicker.
            program = _made(tool, project) or _make(tool, environ, project, on_progress)
    if program.origin != "PATH":
        _link(program, links(project))
    return program


def _make(tool: GoTool, environ: Mapping[str, str], project: Project, on_progress: Callable[[str], None]) -> Located:
    version = pinned_version(tool, project)
    if release := releases.pinned(tool.name, version, project):
        try:
            path = release.download(project, on_progress)
            return Located(tool.name, path, version, "downloaded, pinned in tools/releases.json")
        except ToolMissing as error:
            on_progress(f"not downloaded, so it is built: {error.message}")
    path = _built(tool, project)
    _build(tool, path, environ, project, on_progress)
    return Located(tool.name, path, version, f"built from tools/{tool.folder}")


@contextmanager
def _alone(file: Path, on_progress: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of one program, so that several set-ups at once build it once and the others wait."""
    lock = FileLock(file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        on_progress("another set-up makes it: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def links(project: Project) -> Path:
    """The folder that goes on PATH: links to the programs built for this checkout."""
    return project.work / "bin"


def pinned_version(tool: GoTool, project: Project) -> str:
    """The version of the tool that its go.mod names."""
    text = _module_file(tool, project).read_text()
    best = max(
        (match for match in re.finditer(r"^\s*(?:require )?(\S+) v(\S+)", text, re.MULTILINE)
         if tool.package == match[1] or tool.package.startswith(match[1] + "/")),
        key=lambda match: len(match[1]), default=None,
    )  # fmt: skip
    if best is None:
        raise UsageError(
            f"{_module_file(tool, project)} requires no module that contains {tool.package}", fix="go get -tool"
        )
    return best[2]


def _build(
    tool: GoTool, path: Path, environ: Mapping[str, str], project: Project, on_progress: Callable[[str], None]
) -> None:
    home = _module_file(tool, project).parent
    compiler = go.ensure(environ, project, _go_directive(home / "go.mod"), on_progress=on_progress)
    on_progress(f"building {pinned_version(tool, project)}, once (about {tool.seconds} s on 2 cores)")
    for stale in path.parent.parent.glob(".building-*"):
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=path.parent.parent) as name:
        made = Path(name) / "out" / tool.name
        made.parent.mkdir()
        quiet = {key: value for key, value in environ.items() if key not in {"GOFLAGS", "GOWORK", "GOOS", "GOARCH"}}
        # The committed go.sum decides what is compiled, no C compiler is needed, and no other Go is downloaded.
        quiet |= {
            "GOFLAGS": "-mod=readonly -buildvcs=false",
            "GOWORK": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
        }
        flags = " ".join(["-s", "-w", *_ldflags(tool, project)])
        command = [str(compiler.path), "build", "-v", "-trimpath", f"-ldflags={flags}", "-o", str(made), tool.package]
        done = process.run(command, cwd=home, environ=quiet, on_line=_Counter(on_progress))
        if not done.ok:
            or_path = f", or put {tool.name} on PATH" if tool.version_flag else ""
            raise ToolMissing(
                f"{tool.name} cannot be built:\n{done.tail}",
                fix=f"see that GOPROXY reaches a Go module proxy{or_path}; then {tool.setup}",
            )
        if tool.files:
            where = ["-m", tool.files_of] if tool.files_of else [tool.package]
            listed = [str(compiler.path), "list", "-f", "{{.Dir}}", *where]
            source = subprocess.run(listed, cwd=home, env=quiet, capture_output=True, text=True, check=True).stdout
            for file in tool.files:
                shutil.copyfile(Path(source.strip(), file), made.with_name(Path(file).name))
        on_progress(f"built, {made.stat().st_size / 1e6:.0f} MB")
        made.parent.replace(path.parent)


class _Counter:
    """Counts compiled packages and reports the number every few seconds."""

    def __init__(self, on_progress: Callable[[str], None]) -> None:
        self._report, self._count, self._reported = on_progress, 0, time.monotonic()

    def __call__(self, _line: str) -> None:
        self._count += 1
        if time.monotonic() - self._reported > _REPORT:
            self._reported = time.monotonic()
            self._report(f"{self._count} packages compiled so far")


def _tool(name: str) -> GoTool:
    if name not in TOOLS:
        raise UsageError(f"{name} is not a tool of this repository", fix=f"one of {', '.join(TOOLS)}")
    return TOOLS[name]


def _module_file(tool: GoTool, project: Project) -> Path:
    return project.tools / tool.folder / "go.mod"


def _built(tool: GoTool, project: Project) -> Path:
    digest = hashlib.sha256()
    home = project.tools / tool.folder
    for file in (home / "go.mod", home / "go.sum", *sorted(home.glob("*.go"))):
        digest.update(file.read_bytes())
    digest.update(" ".join([*_ldflags(tool, project), *tool.files]).encode())
    return project.cache / "tools" / tool.name / digest.hexdigest()[:16] / tool.name


def _ldflags(tool: GoTool, project: Project) -> list[str]:
    client = re.search(r"k8s\.io/client-go v0\.(\d+)", _module_file(tool, project).read_text())
    values = {"version": pinned_version(tool, project), "kubernetes_minor": client[1] if client else ""}
    return [flag.format(**values) for flag in tool.ldflags]


def _go_directive(file: Path) -> Version:
    directive = re.search(r"^go (\S+)", file.read_text(), re.MULTILINE)
    return Version(directive[1]) if directive else Version("1.26")


def _version(tool: GoTool, path: Path) -> Version | None:
    try:
        shown = subprocess.run(
            [path, *tool.version_flag.split()],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    number = _NUMBER.search(shown.stdout)
    return Version(number[0]) if number else None


def _link(tool: Located, folder: Path) -> None:
    link = folder / tool.name
    if not link.is_symlink() or link.readlink() != tool.path:
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f".{tool.name}.{os.getpid()}"
        new.unlink(missing_ok=True)
        new.symlink_to(tool.path)
        new.replace(link)
