"""The node's end leaves nothing on the machine, however it comes, and its state survives."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.node.laptop import NodeLaptop, Service, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]


def _on_the_machine() -> dict[str, object]:
    """What a node could leave behind."""
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    settings = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")
    return {
        "mounts": sorted(line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()),
        "links": sorted(line.split()[0] for line in links.splitlines()),
        "rules": rules,
        "settings": {name: Path("/proc/sys", name).read_text() for name in settings},
    }


def _processes_of(pid: int) -> list[psutil.Process]:
    launcher = psutil.Process(pid)
    return [launcher, *launcher.children(recursive=True)]


def test_only_loopback_listens_and_the_machine_stays_as_it_was(laptop: NodeLaptop) -> None:
    status = laptop.cluster.status()
    assert status is not None
    listening = {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.pid == status.pid
    }
    assert listening <= {"127.0.0.1"}
    assert not any("node" in link.split("@")[0] for link in _on_the_machine()["links"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_what_ends_the_node_leaves_nothing_and_its_pods_come_back(
    laptop: NodeLaptop, service: Service, end: signal.Signals
) -> None:
    before = _on_the_machine()
    status = laptop.cluster.status()
    assert status is not None
    processes = _processes_of(status.pid)
    assert len(processes) > 10
    os.kill(status.pid, end)
    _, alive = psutil.wait_procs(processes, timeout=40 if end == signal.SIGTERM else 5)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    assert _on_the_machine() == before
    laptop.up()
    # Until the kubelet has looked, the pods are said to be as they were.
    wait_for(lambda: service.post(f"after {end.name}") in {201, 202}, seconds=120)
    wait_for(lambda: service.ready() == 2)
