"""What a package is built for: a Lambda runtime on a processor architecture."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import Literal, get_args

from groundwork.errors import UsageError

Runtime = Literal["python3.11", "python3.12", "python3.13"]
Architecture = Literal["x86_64", "arm64"]

# glibc of the runtime's operating system bounds the wheels it can load: python3.11 runs on Amazon Linux 2 (2.26), the
# later ones on Amazon Linux 2023 (2.34), of which 2.28 is the newest that wheels are commonly built for and that
# laptops have (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html). uv knows 2.17 and 2.28 of these.
_MANYLINUX: dict[str, str] = {"python3.11": "2_17", "python3.12": "2_28", "python3.13": "2_28"}
_MACHINES: dict[str, Architecture] = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Target:
    """`runtime` and `architecture` as the Lambda API spells them. Raises UsageError for one that is not supported."""

    runtime: str
    architecture: str

    def __post_init__(self) -> None:
        for what, value, known in (
            ("runtime", self.runtime, get_args(Runtime)),
            ("architecture", self.architecture, get_args(Architecture)),
        ):
            if value not in known:
                raise UsageError(f"Lambda {what} {value!r} cannot be packaged", fix=f"use one of {', '.join(known)}")

    def __str__(self) -> str:
        return f"{self.runtime}-{self.architecture}"

    @property
    def python_version(self) -> str:
        """As uv wants it: `3.13`."""
        return self.runtime.removeprefix("python")

    @property
    def uv_platform(self) -> str:
        """What uv calls the platforms whose wheels this target can load."""
        machine = "aarch64" if self.architecture == "arm64" else self.architecture
        return f"{machine}-manylinux_{_MANYLINUX[self.runtime]}"


ALL_TARGETS: tuple[Target, ...] = tuple(
    Target(runtime, architecture) for runtime in get_args(Runtime) for architecture in get_args(Architecture)
)


def host_target(*, machine: str | None = None, python: tuple[int, int] | None = None) -> Target:
    """The target whose packages this machine's own Python can run, for the embedded AWS.

    `machine` and `python` (major, minor) default to the running Python's. Packages are always for Linux: elsewhere they
    can be built and synthesised, but not invoked. Raises UsageError where Lambda has no such runtime.
    """
    machine = (machine or platform.machine()).lower()
    major, minor = python or sys.version_info[:2]
    architecture = _MACHINES.get(machine)
    if architecture is None:
        raise UsageError(f"Lambda does not run on this machine's architecture, {machine}", fix="use x86-64 or arm64")
    return Target(f"python{major}.{minor}", architecture)
