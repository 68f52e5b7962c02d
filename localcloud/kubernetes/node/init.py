"""The first process of the node: mounts, network, then the supervisor and what forwards into the node.

`python -m localcloud.kubernetes.node.init SETTINGS`, started by launcher.py in fresh namespaces. Standard input is a
pipe of the launcher: its end asks for an orderly end. The end of this process ends every other of the node.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcloud.kubernetes.node import cgroups
from localcloud.kubernetes.node.addresses import NODE, NODE_NETWORK
from localcloud.kubernetes.node.configuration import INSIDE

# The kubelet sets these for the whole machine, and ends where it may not: it gets files of its own instead.
_HOST_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
_V2_SECONDS = 10.0  # for the launcher to take `unshare` out of the node's group


def main(settings_file: Path) -> int:
    """Run until the supervisor or standard input ends; the supervisor's exit code."""
    settings: dict[str, Any] = json.loads(settings_file.read_text())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _mount(Path(settings["home"]))
    _network()
    _hand_out(settings["node_listeners"], settings["hand_out"])
    numbers = [number for number, _, _ in settings["host_listeners"]]
    forwarder = subprocess.Popen(
        [sys.executable, "-m", "localcloud.kubernetes.node.forward", json.dumps(settings["host_listeners"])],
        pass_fds=numbers, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "localcloud.kubernetes.supervisor", settings["plan"]], stdin=subprocess.DEVNULL
    )
    threading.Thread(target=_end_when_asked, args=(supervisor.pid,), daemon=True).start()
    # Containers' shims are orphans by design: the first process reaps them.
    while True:
        pid, status = os.wait()
        if pid == supervisor.pid:
            return os.waitstatus_to_exitcode(status)
        if pid == forwarder.pid:
            raise SystemExit(f"what forwards into the node ended with {os.waitstatus_to_exitcode(status)}")


def _end_when_asked(supervisor: int) -> None:
    while os.read(0, 1):
        pass
    os.kill(supervisor, signal.SIGTERM)


def _mount(home: Path) -> None:
    _run("mount", "--make-rprivate", "/")
    _run("mount", "-t", "proc", "proc", "/proc")
    hierarchies = _cgroup_mounts()
    _run("mount", "-t", "sysfs", "sysfs", "/sys")
    _mount_cgroups(hierarchies)
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/log")
    INSIDE.mkdir()
    _run("mount", "--bind", str(home), str(INSIDE))
    values = Path("/run/host-settings")
    values.mkdir()
    for name, value in _HOST_SETTINGS.items():
        own, real = values / name.replace("/", "."), Path("/proc/sys") / name
        own.write_text(value + "\n")
        if real.exists():
            _run("mount", "--bind", str(own), str(real))
    # What the kubelet mounts has to appear in containers that ask for it.
    _run("mount", "--make-rshared", "/")


def _cgroup_mounts() -> list[str]:
    """The hierarchies of version 1 as the host mounts them; empty where version 2 does it all."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [options for _, _, kind, options, *_ in mounts if kind == "cgroup"]


def _mount_cgroups(hierarchies: list[str]) -> None:
    if not hierarchies:
        _run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        # A group with processes of its own may not hand controllers on.
        own = Path("/sys/fs/cgroup/init")
        own.mkdir(exist_ok=True)
        (own / "cgroup.procs").write_text("0")
        _hand_on(Path("/sys/fs/cgroup"))
        return
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/sys/fs/cgroup")
    for options in hierarchies:
        chosen = [option for option in options.split(",") if option not in _GENERIC]
        name = next((option.removeprefix("name=") for option in chosen if option.startswith("name=")), ",".join(chosen))
        target = Path("/sys/fs/cgroup") / name
        target.mkdir()
        _run("mount", "-t", "cgroup", "-o", ",".join(chosen), "cgroup", str(target))


def _hand_on(group: Path) -> None:
    end = time.monotonic() + _V2_SECONDS
    while True:
        try:
            return cgroups.hand_on_controllers(group)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


_GENERIC = {"rw", "ro", "nosuid", "nodev", "noexec", "relatime", "noatime", "xattr", "clone_children"}


def _network() -> None:
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "node", "type", "bridge")
    _run("ip", "address", "add", NODE_NETWORK, "dev", "node")
    _run("ip", "link", "set", "node", "up")
    # It leads nowhere: kubelet and kube-proxy look for it to learn the node's address.
    _run("ip", "route", "add", "default", "dev", "node")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _hand_out(ports: Sequence[int], number: int) -> None:
    """Listen on the node's address for each port, and send the sockets to the launcher, which accepts outside."""
    listeners = [socket.create_server((NODE, port)) for port in ports]
    with socket.socket(fileno=number) as channel:
        socket.send_fds(channel, [b"!"], [listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
