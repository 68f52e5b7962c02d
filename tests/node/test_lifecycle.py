"""The node's end leaves nothing on the machine, however it comes, and its state survives."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from tempfile import gettempdir

import psutil
import pytest

from tests.node.laptop import NodeLaptop, Service, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]


def _on_the_machine(home: Path) -> set[str]:
    """What a node could leave behind. Mounts of other tests, in temporary folders of their own, are not among it."""
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    settings = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")
    mounts = [Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
    return {
        *(f"mount {each}" for each in mounts if each.is_relative_to(home) or not each.is_relative_to(gettempdir())),
        *(f"link {line.split('@')[0].split()[0]}" for line in links.splitlines()),
        *(f"rule {line.strip()}" for line in rules.splitlines()),
        *(f"{name} {Path('/proc/sys', name).read_text()}" for name in settings),
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
    assert not [each for each in _on_the_machine(laptop.cluster.layout.home) if each.startswith("link node")]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_what_ends_the_node_leaves_nothing_and_its_pods_come_back(
    laptop: NodeLaptop, service: Service, end: signal.Signals
) -> None:
    home = laptop.cluster.layout.home
    before = _on_the_machine(home)
    status = laptop.cluster.status()
    assert status is not None
    processes = _processes_of(status.pid)
    assert len(processes) > 10
    os.kill(status.pid, end)
    try:
        _, alive = psutil.wait_procs(processes, timeout=40 if end == signal.SIGTERM else 5)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
        # What other programs of this machine make for a moment is gone at a second look; what the node leaves is not.
        wait_for(lambda: not _on_the_machine(home) - before, seconds=20)
    finally:
        laptop.up()  # for the tests after this one
    # Until the kubelet has looked, the pods are said to be as they were.
    wait_for(lambda: service.post(f"after {end.name}") in {201, 202}, seconds=120)
    wait_for(lambda: service.ready() == 2)
