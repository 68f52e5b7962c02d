"""A function with two small wheels that are made here, so that these tests need neither an index nor big files."""

from __future__ import annotations

import base64
import hashlib
import shutil
import struct
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from groundwork.packaging import Package, Target, Uv, build

X86, ARM = Target("python3.12", "x86_64"), Target("python3.12", "arm64")
E_MACHINE = {"x86_64": 0x3E, "arm64": 0xB7, "riscv64": 0xF3}


def elf(architecture: str, *, bits: int = 64) -> bytes:
    """The first bytes of a shared object."""
    header = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    return header + struct.pack("<HH", 3, E_MACHINE[architecture]) + bytes(44)


def make_wheel(path: Path, files: dict[str, bytes]) -> Path:
    """A wheel with `files` and the metadata an installer expects."""
    name, version = path.name.split("-")[:2]
    info = f"{name}-{version}.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n",
    }
    record = "".join(f"{entry},{record_digest(data)},{len(data)}\n" for entry, data in {**files, **metadata}.items())
    metadata[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in {**files, **metadata}.items():
            archive.writestr(entry, data)
    return path


def record_digest(data: bytes) -> str:
    """As a wheel's RECORD writes it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


@dataclass
class Bench:
    """A folder to package in: `wheelhouse` holds the only wheels that uv can see, `cache` is uv's cache."""

    root: Path
    function: Path
    wheelhouse: Path
    cache: Path
    environ: dict[str, str]

    def wheel(self, name: str, files: dict[str, bytes]) -> Path:
        """Puts a wheel of that file name into the wheelhouse."""
        return make_wheel(self.wheelhouse / name, files)

    def lock(self) -> None:
        """Pins every wheel of the wheelhouse, by hand."""
        pins: dict[str, list[str]] = {}
        for wheel in sorted(self.wheelhouse.glob("*.whl")):
            name, version = wheel.name.split("-")[:2]
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            pins.setdefault(f"{name}=={version}", []).append(f"--hash=sha256:{digest}")
        text = "".join(f"{pin} {' '.join(hashes)}\n" for pin, hashes in pins.items())
        (self.function / "requirements.txt").write_text(text)

    def empty_cache(self) -> None:
        """Deletes uv's cache, as on a machine where nothing was packaged yet."""
        shutil.rmtree(self.cache)

    @property
    def uv(self) -> Uv:
        return Uv(environ=self.environ)

    def build(self, target: Target = X86, *, out: str = "out", uv: Uv | None = None) -> Package:
        return build(self.function, target, out=self.root / out, uv=uv or self.uv)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A function `greet` that needs a pure wheel and a native one, locked and fetched for both architectures."""
    made = bench_at(tmp_path_factory.mktemp("packaging"))
    made.function.mkdir(parents=True)
    (made.function / "__init__.py").write_text('"""Greets."""\n')
    (made.function / "handler.py").write_text(
        "import pure\n\n\ndef lambda_handler(event, context):\n    return pure.WORD\n"
    )
    (made.function / "function.toml").write_text(
        'handler = "greet.handler.lambda_handler"\ntimeout_seconds = 3\nmemory_mb = 128\n'
    )
    (made.function / "requirements.in").write_text("pure\nfast\n")
    made.wheel(
        "pure-1.0-py3-none-any.whl",
        {
            "pure/__init__.py": b"WORD = 'hello'\n",
            "pure/__init__.pyi": b"WORD: str\n",
            "pure/tests/test_pure.py": b"",
            "pure/__pycache__/old.cpython-312.pyc": b"",
            "pure-1.0.data/purelib/beside.py": b"BESIDE = 1\n",
            "pure-1.0.data/scripts/pure": b"#!python\n",
            "pure-1.0.dist-info/INSTALLER": b"pip\n",
            "pure-1.0.dist-info/direct_url.json": b"{}",
            "pure-1.0.dist-info/licenses/LICENSE": b"free\n",
        },
    )
    for tag, architecture in (("x86_64", "x86_64"), ("aarch64", "arm64")):
        for python in ("cp311", "cp312", "cp313"):
            made.wheel(
                f"fast-2.0-{python}-{python}-manylinux_2_17_{tag}.whl",
                {"fast/__init__.py": b"", f"fast/core.{python}.so": elf(architecture)},
            )
    made.lock()
    for target in (X86, ARM):
        made.build(target, out="unused")
    shutil.rmtree(made.root / "unused")
    return made.root


@pytest.fixture
def bench(made_once: Path, tmp_path: Path) -> Bench:
    """A copy of `made_once` that a test may change."""
    root = tmp_path / "bench"
    shutil.copytree(made_once, root)
    return bench_at(root)


def bench_at(root: Path) -> Bench:
    """The bench in `root`, whose uv knows the wheelhouse there and nothing else."""
    root.mkdir(exist_ok=True)
    (root / "uv.toml").write_text(f'no-index = true\nfind-links = ["{root / "wheelhouse"}"]\n')
    environ = {"PATH": "/usr/bin:/bin", "UV_CACHE_DIR": str(root / "cache"), "XDG_CONFIG_HOME": str(root / "no-config")}
    return Bench(root, root / "lambda_src" / "greet", root / "wheelhouse", root / "cache", environ)


def digest_of(path: Path) -> str:
    """What Lambda calls CodeSha256."""
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def no_uv() -> Uv:
    """A uv that fails when it is started."""
    return Uv([sys.executable, "-c", "raise SystemExit('uv was started')"])
