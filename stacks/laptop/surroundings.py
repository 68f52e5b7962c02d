"""Databases and upstreams of the services, on this machine's loopback, from where the node forwards to them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from groundwork.errors import LocalCloudError, ToolMissing
from localcloud.kubernetes.node.addresses import NODE

_LOOPBACK = re.compile(r"127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Surrounded:
    """The environment variables of each service, and the ports of loopback that they name."""

    variables: Mapping[str, Mapping[str, str]]

    def inside(self, service: str) -> dict[str, str]:
        """A service's variables as a pod needs them: the node's address stands for loopback."""
        return {name: _LOOPBACK.sub(rf"{NODE}:\1", value) for name, value in self.variables[service].items()}

    def ports(self, service: str) -> list[int]:
        """The ports that a service connects to."""
        return sorted({int(port) for value in self.variables[service].values() for port in _LOOPBACK.findall(value)})

    def tokens(self) -> dict[str, str]:
        """Service → the token that its requests need; services without one are left out."""
        names = {service: f"{service.upper()}_AUTH_TOKEN" for service in self.variables}
        return {
            service: variables[names[service]]
            for service, variables in self.variables.items()
            if names[service] in variables
        }

    def all_ports(self) -> dict[int, int]:
        """For EmbeddedKubernetes.up: the node's port and that of loopback are the same."""
        return {port: port for service in self.variables for port in self.ports(service)}


class Surroundings:
    """Runs them, as a context, by the services' own Python; they end with the context, and with this process."""

    def __init__(self, folder: Path, services: Sequence[str], ferretdb: Path | None) -> None:
        python = folder / ".venv" / "bin" / "python"
        if not python.exists():
            raise ToolMissing("the services' Python packages are not installed", fix="tools/setup.sh services")
        self._command = [str(python), "-m", "servicekit.surroundings", *services]
        self._command += ["--ferretdb", str(ferretdb)] if ferretdb else []
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start them."""
        self._process = subprocess.Popen(
            self._command, cwd=self._folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for `gw`, which ends them last
        )  # fmt: skip
        return self

    def wait(self) -> Surrounded:
        """The variables, as soon as everything answers. Raises LocalCloudError."""
        line = self._process.stdout.readline() if self._process and self._process.stdout else ""
        if not line:
            raise LocalCloudError("the services' databases did not start", fix="see the lines above")
        return Surrounded(json.loads(line))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End them."""
        if self._process:
            self._process.communicate(timeout=60)
