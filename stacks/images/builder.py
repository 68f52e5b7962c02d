"""Builds images with the engine that this machine has: buildah, podman or docker.

An image says nothing of when it was built, so that buildah and podman make equal images of equal sources.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import PackagingError, ToolMissing, UsageError

ENGINES = ("buildah", "podman", "docker")
PLATFORMS = ("linux/amd64", "linux/arm64")
_PREFIX = "localhost/groundwork"
_MACHINES = {"x86_64": "linux/amd64", "aarch64": "linux/arm64", "arm64": "linux/arm64"}


class BuildFailed(PackagingError):
    """An engine refused to build, save or push an image; the message has its last lines."""


@dataclass(frozen=True)
class Image:
    """A service's image. The tag is a digest of all that it is built from, so that equal sources have one name."""

    service: str
    tag: str

    @property
    def repository(self) -> str:
        """The name without tag, as the chart's `image.repository` takes it."""
        return f"{_PREFIX}/{self.service}"

    @property
    def name(self) -> str:
        """The name with tag."""
        return f"{self.repository}:{self.tag}"


def services(folder: Path) -> list[str]:
    """The services of the folder services/, which have a main.py each."""
    return sorted(path.parents[2].name for path in folder.glob("*/src/*/main.py"))


def image_of(service: str, folder: Path, base: str) -> Image:
    """The image that the sources of a service make on `base`; raises UsageError where `folder` has no such service."""
    if service not in (known := services(folder)):
        raise UsageError(f"no service {service} in {folder}", fix=f"name one of {', '.join(known)}")
    digest = hashlib.sha256(base.encode())
    parts = [folder / "Dockerfile", folder / "runtime.txt", folder / "servicekit" / "src", folder / service / "src"]
    for part in parts:
        files = [part] if part.is_file() else [path for path in sorted(part.rglob("*")) if path.is_file()]
        for file in files:
            if file.suffix != ".pyc":
                digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return Image(service, digest.hexdigest()[:12])


@dataclass(frozen=True)
class Builder:
    """An engine; `storage` are buildah's options for images of its own, as tests need them."""

    program: Path
    storage: Sequence[str] = ()

    @classmethod
    def find(cls, environ: Mapping[str, str]) -> Builder:
        """The first engine on PATH. Raises ToolMissing."""
        for name in ENGINES:
            if path := shutil.which(name, path=environ.get("PATH", os.defpath)):
                return cls(Path(path))
        raise ToolMissing("no program that builds images is on PATH", fix=f"install one of {', '.join(ENGINES)}")

    def build(self, image: Image, folder: Path, *, base: str, environ: Mapping[str, str]) -> None:
        """Build it on `base` for this machine, unless the engine has it. Raises BuildFailed."""
        if not self.has(image.name):
            self._build(image, folder, "--tag", image.name, base=base, environ=environ)

    def build_index(
        self,
        image: Image,
        folder: Path,
        archive: Path,
        *,
        platforms: Sequence[str],
        base: str,
        environ: Mapping[str, str],
    ) -> None:
        """Build it for each of `platforms`, and save it as one index in an OCI archive.

        Nothing runs on another processor: the Dockerfile takes wheels for it. Raises BuildFailed, and UsageError for an
        engine or a platform that cannot.
        """
        if unknown := sorted(set(platforms) - set(PLATFORMS)):
            raise UsageError(f"no image for {', '.join(unknown)}", fix=f"name some of {', '.join(PLATFORMS)}")
        if self.program.name == "docker":
            raise UsageError("docker keeps images of one platform", fix="install buildah or podman")
        index = f"{image.name}-index"
        self._start("manifest", "rm", index)  # a build would add to one of an earlier build
        for name in sorted(platforms):  # one by one: the order is part of the index, and so of its digest
            self._build(image, folder, "--platform", name, "--manifest", index, base=base, environ=environ)
        draft = archive.with_suffix(".new")
        draft.unlink(missing_ok=True)
        self.run("manifest", "push", "--quiet", "--all", "--format", "oci", index, f"oci-archive:{draft}:{image.tag}")
        draft.replace(archive)

    def _build(self, image: Image, folder: Path, *words: str, base: str, environ: Mapping[str, str]) -> None:
        arguments = {"BASE": base, "SERVICE": image.service}
        options: list[str] = []
        with ExitStack() as stack:
            if self.program.name != "docker":
                # docker's builder sets BUILDPLATFORM itself, and has no option for the time.
                arguments["BUILDPLATFORM"] = _MACHINES.get(platform.machine(), "")
                options += ["--timestamp", "0", "--layers", *_pip_mounts(environ, stack)]
            if self.program.name == "buildah":
                options += ["--isolation", "chroot"]
            build_arguments = [f"--build-arg={name}={value}" for name, value in arguments.items()]
            self.run("build", *options, *build_arguments, *words, str(folder))

    def has(self, name: str) -> bool:
        """Whether the engine has an image of that name."""
        inspect = ["inspect", "--type", "image", name] if self.program.name != "docker" else ["image", "inspect", name]
        return self._start(*inspect).returncode == 0

    def save(self, image: Image, archive: Path) -> None:
        """Write it as an archive that every cluster loads."""
        draft = archive.with_suffix(".new")
        draft.unlink(missing_ok=True)
        if self.program.name == "buildah":
            self.run("push", "--quiet", image.name, f"docker-archive:{draft}:{image.name}")
        else:
            self.run("save", "--output", str(draft), image.name)
        draft.replace(archive)

    def run(self, *words: str) -> str:
        """The standard output of a command. Raises BuildFailed."""
        done = self._start(*words)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise BuildFailed(f"`{self.program.name} {' '.join(words)}` failed:\n{tail}", fix="see the lines above")
        return done.stdout.strip()

    def _start(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.program), *self.storage, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def _pip_mounts(environ: Mapping[str, str], stack: ExitStack) -> list[str]:
    """What pip needs to reach the index of this machine, mounted and so in no layer."""
    settings = [f"index-url = {url}"] if (url := environ.get("PIP_INDEX_URL")) else []
    mounts = []
    if authority := environ.get("PIP_CERT"):
        settings.append("cert = /etc/pip-ca.pem")
        mounts.append(f"--volume={authority}:/etc/pip-ca.pem:ro")
    if not settings:
        return []
    file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "pip.conf"
    file.write_text("\n".join(["[global]", *settings, ""]))
    return [f"--volume={file}:/etc/pip.conf:ro", *mounts]
