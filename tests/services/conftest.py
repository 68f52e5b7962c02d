"""Images that tests build once, on a base made of Debian's packages, and how a kubelet runs them, in short."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from groundwork.paths import Project
from stacks.images import debian_base, index
from stacks.images.builder import PLATFORMS, Builder, image_of
from stacks.images.index import Index
from tests.support.image_storage import image_storage

_BASES = "localhost/groundwork/tests/bases:1"

_LINKED = ("cdktf.json", "main.py", "stacks", "services", "environments")

Enter = Callable[[Path, Sequence[str]], list[str]]


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[Builder]:
    """buildah with a storage of its own, in which is the base."""
    missing = [program for program in ("buildah", "mmdebstrap") if not shutil.which(program)]
    if missing or os.geteuid():
        pytest.skip(f"needs root, and {' and '.join(missing) or 'root'}: apt-get install buildah mmdebstrap")
    with image_storage(tmp_path_factory.mktemp("buildah")) as storage:
        builder = Builder(Path(str(shutil.which("buildah"))), storage)
        debian_base.ensure(builder, Project(checkout).cache)
        yield builder
        builder.run("rm", "--all")
        builder.run("rmi", "--all", "--force")


@pytest.fixture(scope="session")
def bases(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A base of both processors: Debian for this one; for the other one a file, since nothing of it may run here."""
    mark = tmp_path_factory.mktemp("base") / "base-of-arm64"
    mark.touch()
    container = builder.run("from", "--arch", "arm64", "scratch")
    builder.run("config", "--arch", "arm64", container)
    builder.run("add", "--quiet", container, str(mark), "/base-of-arm64")
    builder.run("commit", "--quiet", "--rm", container, f"{_BASES}-arm64")
    builder.run("manifest", "create", _BASES)
    for name in (debian_base.NAME, f"{_BASES}-arm64"):
        builder.run("manifest", "add", _BASES, f"containers-storage:{name}")
    return _BASES


@pytest.fixture(scope="session")
def transactions(builder: Builder, bases: str, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """The transactions', for both processors."""
    sources = checkout / "services"
    image = image_of("transactions", sources, bases)
    return index.build(builder, image, sources, tmp_path_factory.mktemp("dist"), platforms=PLATFORMS, base=bases)


@pytest.fixture(scope="session")
def enter() -> Enter:
    """The words that run a command in a mounted image as a kubelet does: its own mount namespace, everything read-only,
    the image's user without a way to more."""

    def words(root: Path, command: Sequence[str]) -> list[str]:
        inside = (
            f"mount --bind {root} {root} && mount -o remount,ro,bind {root} && cd {root} && "
            f'exec chroot --userspec=10001:10001 {root} setpriv --no-new-privs "$@"'
        )
        return ["unshare", "--mount", "sh", "-c", inside, "sh", *command]

    return words


@pytest.fixture
def noting_project(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A checkout of its own, on a machine with programs below `bin` that only note their words in `bin/words`."""
    root = tmp_path / "checkout"
    root.mkdir()
    for name in _LINKED:
        (root / name).symlink_to(checkout / name)
    for name in ("kind", "minikube", "buildah"):
        program(tmp_path, name, 'echo "$(basename "$0") $*" >>"$(dirname "$0")/words"')
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return Project(root)


def program(folder: Path, name: str, script: str) -> None:
    """Write a program below `bin` of a folder."""
    file = folder / "bin" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
