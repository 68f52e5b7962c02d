"""Start, find and stop the embedded Kubernetes of a checkout: a real control plane, with or without a real node."""

from __future__ import annotations

import json
import os
import shutil
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from groundwork.errors import LocalCloudError
from localcloud import ports
from localcloud.files import rotate_log, write_atomically
from localcloud.kubernetes.components import NODE_PROGRAMS, PROGRAMS, of_the_api_alone, with_a_node
from localcloud.kubernetes.layout import ADMIN, USERS, Layout
from localcloud.kubernetes.node.addresses import API_PORT
from localcloud.kubernetes.node.addresses import NAME as NODE_NAME
from localcloud.ports import HOST
from localcloud.processes import BackgroundServer, ProcessRecord, resident_mb


class Status(BaseModel):
    """A running embedded Kubernetes.

    `runs_containers` is False where there is the API alone, which says of pods that they run. `releases` are those
    of Helm, as namespace/name; memory is of all components.
    """

    model_config = ConfigDict(frozen=True)

    runs_containers: bool
    endpoint: str
    version: str
    pid: int
    kubeconfig: Path
    nodes: int
    pods: int
    pods_ready: int
    releases: list[str]
    memory_mb: float
    logs: Path


@dataclass(frozen=True)
class Forwards:
    """Ports between the node and this machine's loopback, as `up` takes them."""

    reachable: Mapping[int, int]
    published: Mapping[int, int]


class EmbeddedKubernetes:
    """The cluster whose state lies in `work`/kubernetes, supervised by the interpreter `python`."""

    def __init__(self, work: Path, python: Path) -> None:
        self.layout = Layout(work.resolve() / "kubernetes")
        self._python = python
        self._supervisor = BackgroundServer(
            "embedded Kubernetes",
            self.layout.record,
            logs=[self.layout.log(name) for name in ("supervisor", "kube-apiserver")],
            fix=f"see {self.layout.logs}; gw local reset forgets everything it holds",
        )

    @property
    def kubeconfig(self) -> Path | None:
        """The laptop's cluster: this one while it runs, or another whose kubeconfig the user put in the same place."""
        if not self.layout.kubeconfig.is_file():
            return None
        usable = self._supervisor.running() or not self.layout.owns_kubeconfig()
        return self.layout.kubeconfig if usable else None

    def up(
        self,
        programs: Mapping[str, Path],
        *,
        node: bool = False,
        reachable: Mapping[int, int] | None = None,
        published: Mapping[int, int] | None = None,
        wait: timedelta = timedelta(seconds=120),
    ) -> Status:
        """Start it, or find the one that runs; returns when pods can be scheduled.

        `programs` has a path for each of components.PROGRAMS, with `node` for each of NODE_PROGRAMS; with one for
        traefik or external-secrets, the node has that controller. Pods reach the
        ports of this machine's 127.0.0.1 that are the values of `reachable`, at the node's ports that are its keys, and
        nothing else outside; `published` has the ports of 127.0.0.1 by which this machine reaches ports of the node,
        such as a service's NodePort. Objects survive a stop. Raises LocalCloudError where the cluster is not ready in
        `wait`; then nothing is left running.
        """
        self.layout.refuse_foreign_kubeconfig()
        self.layout.prepare()
        with self._lock():
            running = self._supervisor.running()
            if running:
                self._await_api(running, wait)
                return self._present_status(running)
            _refuse_taken(published or {})
            self._remove_kubeconfig()  # left by a killed run
            for name in {"supervisor", *PROGRAMS, *NODE_PROGRAMS}:
                rotate_log(self.layout.log(name))
            try:
                forwards = Forwards(reachable or {}, published or {}) if node else None
                started = self._start(programs, forwards)
                self._await_api(started, wait)
                if node:
                    self._install_basics(programs)
                return self._present_status(started)
            except BaseException:  # Ctrl-C too
                self._stop()
                raise

    def status(self) -> Status | None:
        """The running cluster; None where none runs or where it does not answer."""
        running = self._supervisor.running()
        return self._fetch_status(running) if running else None

    def down(self) -> bool:
        """Stop it in good order; False where none ran."""
        if not self.layout.home.exists():
            return False
        with self._lock():
            return self._stop()

    def reset(self) -> bool:
        """Stop and forget every object, credential and log; whether it ran. The user's own kubeconfig stays."""
        if not self.layout.home.exists():
            return False
        with self._lock():
            ran = self._stop()
            for folder in (
                self.layout.data,
                self.layout.credentials,
                self.layout.logs,
                self.layout.run,
                self.layout.node,
            ):
                shutil.rmtree(folder, ignore_errors=True)
            self.layout.plan.unlink(missing_ok=True)
        return ran

    def _lock(self) -> FileLock:
        return FileLock(self.layout.lock, timeout=150)

    def _start(self, programs: Mapping[str, Path], forwards: Forwards | None) -> ProcessRecord:
        last = self._supervisor.last_record()
        # The last port where it is free, so that copies of the kubeconfig stay valid.
        port = last.port if last and ports.is_free(last.port) else ports.free()
        inner_port = API_PORT if forwards else port
        for user in USERS:
            if user != ADMIN:
                self.layout.write_kubeconfig(self.layout.component_kubeconfig(user), user, inner_port)
        self.layout.link(programs)
        components = with_a_node(programs, self.layout) if forwards else of_the_api_alone(programs, self.layout, port)
        plan = {
            "server": {
                "url": f"https://{HOST}:{inner_port}",
                "certificate": str(self.layout.certificates.authority),
                "token": self.layout.token(ADMIN),
            },
            "run": str(self.layout.run),
            "path": os.pathsep.join((str(self.layout.programs), "/usr/sbin", "/usr/bin", "/sbin", "/bin")),
            "logs": str(self.layout.logs),
            "components": [asdict(component) for component in components],
        }
        write_atomically(self.layout.plan, json.dumps(plan, indent=2), mode=0o600)
        command = [str(self._python), "-m", "localcloud.kubernetes.supervisor", str(self.layout.plan)]
        self.layout.node_marker.unlink(missing_ok=True)
        if forwards:
            command = self._node_command(port, forwards)
            self.layout.node_marker.touch()
        return self._supervisor.start(command, port=port, cwd=self.layout.run)

    def _node_command(self, port: int, forwards: Forwards) -> list[str]:
        from localcloud.kubernetes.node import configuration, machine  # noqa: PLC0415

        configuration.write(
            self.layout.home,
            runtime=machine.runtime(),
            plugins=self.layout.programs,
            certificates=self.layout.certificates,
            proxy_kubeconfig=self.layout.component_kubeconfig("kube-proxy"),
        )
        settings = {
            "home": str(self.layout.home),
            "plan": str(self.layout.plan),
            "inward": [[port, API_PORT], *map(list, forwards.published.items())],
            "outward": [*map(list, forwards.reachable.items())],
        }
        file = self.layout.home / "node.json"
        write_atomically(file, json.dumps(settings, indent=2), mode=0o600)
        return [str(self._python), "-m", "localcloud.kubernetes.node.launcher", str(file)]

    def _stop(self) -> bool:
        self._remove_kubeconfig()
        return self._supervisor.stop(timedelta(seconds=30))

    def _remove_kubeconfig(self) -> None:
        if self.layout.owns_kubeconfig():
            self.layout.kubeconfig.unlink()

    def _await_api(self, process: ProcessRecord, wait: timedelta) -> None:
        """Return as soon as pods can be scheduled; from then on the kubeconfig exists."""
        self._supervisor.await_answer(lambda: self._can_schedule(process) or None, wait)
        self.layout.write_kubeconfig(self.layout.kubeconfig, ADMIN, process.port)

    def _install_basics(self, programs: Mapping[str, Path]) -> None:
        from localcloud.kubernetes.node import basics, external_secrets, ingress  # noqa: PLC0415

        run, kubeconfig = self.layout.run, self.layout.kubeconfig
        basics.install(programs, run=run, kubeconfig=kubeconfig, authority=self.layout.certificates.authority)
        for controller in (ingress, external_secrets):
            if controller.PROGRAM in programs:
                controller.install(programs, run=run, kubeconfig=kubeconfig)

    def _present_status(self, process: ProcessRecord) -> Status:
        status = self._fetch_status(process)
        if status is None:
            raise LocalCloudError("the embedded Kubernetes stopped answering", fix=f"see {self.layout.logs}")
        return status

    def _can_schedule(self, process: ProcessRecord) -> bool:
        import httpx  # noqa: PLC0415 - every start of `gw` imports this file; most need no cluster

        from localcloud.kubernetes.api import NODES, Api  # noqa: PLC0415

        with suppress(httpx.HTTPError, OSError, ssl.SSLError), Api(self.layout, process.port) as api:
            if api.is_ready():
                since = datetime.fromtimestamp(process.created, UTC)
                names = {NODE_NAME} if self._runs_containers() else set(NODES)
                api.remove_other_nodes(names)
                if not self._runs_containers():
                    api.add_nodes()
                return api.ready_nodes(since) == len(names) and api.controllers_work()
        return False

    def _runs_containers(self) -> bool:
        return self.layout.node_marker.exists()

    def _fetch_status(self, process: ProcessRecord) -> Status | None:
        import httpx  # noqa: PLC0415

        from localcloud.kubernetes.api import Api  # noqa: PLC0415

        with suppress(httpx.HTTPError, OSError, ssl.SSLError), Api(self.layout, process.port) as api:
            ready, pods = api.pods()
            return Status(
                runs_containers=self._runs_containers(),
                endpoint=f"https://{HOST}:{process.port}",
                version=api.version(),
                pid=process.pid,
                kubeconfig=self.layout.kubeconfig,
                nodes=api.ready_nodes(),
                pods=pods,
                pods_ready=ready,
                releases=api.releases(),
                memory_mb=resident_mb(process.pid),
                logs=self.layout.logs,
            )
        return None


def _refuse_taken(published: Mapping[int, int]) -> None:
    for port, inner in published.items():
        if not ports.is_free(port):
            raise LocalCloudError(f"port {port} of {HOST} is taken by another program", fix=f"--publish OTHER:{inner}")
