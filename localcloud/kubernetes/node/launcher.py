"""Starts the node in namespaces of its own, forwards what leaves it, and ends with it.

`python -m localcloud.kubernetes.node.launcher SETTINGS`. SIGTERM ends the node in order. kill -9 ends it too, at once,
and leaves empty control groups alone, which the next start removes: no mount, link or rule of the node is the host's.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from localcloud.files import write_atomically
from localcloud.kubernetes.node import cgroups, forward
from localcloud.kubernetes.node.addresses import NODE
from localcloud.kubernetes.node.machine import NAMESPACES, which
from localcloud.kubernetes.supervisor import end_with
from localcloud.ports import HOST


def main(settings_file: Path) -> int:
    """Run until the node ends; its exit code."""
    return asyncio.run(_run(json.loads(settings_file.read_text())))


async def _run(settings: dict[str, Any]) -> int:
    """`settings`: home, plan, inward and outward, each a list of [port to listen on, port to reach]."""
    ours, theirs = socket.socketpair()
    wait_for_end, ask_to_end = os.pipe()
    groups = cgroups.make()
    node = _start(settings, theirs, wait_for_end, groups)
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, _close_once, ask_to_end)
    if await _started(node):
        cgroups.leave(node.pid, groups)
    servers = []
    if settings["outward"]:
        _, numbers, _, _ = await loop.run_in_executor(None, socket.recv_fds, ours, 1, len(settings["outward"]))
        for number, (_, port) in zip(numbers, settings["outward"], strict=False):
            servers.append(await forward.serve(socket.socket(fileno=number), HOST, port))
    code = await loop.run_in_executor(None, node.wait)
    cgroups.remove(groups)
    return code


def _start(
    settings: dict[str, Any], channel: socket.socket, wait_for_end: int, groups: list[Path]
) -> subprocess.Popen[bytes]:
    """Start `unshare` in `groups`, whose child is init.py, and close here what is theirs."""
    listeners = [socket.create_server((HOST, port)) for port, _ in settings["inward"]]
    inside = {
        "home": settings["home"],
        "plan": settings["plan"],
        "host_listeners": [
            [listener.fileno(), NODE, port] for listener, (_, port) in zip(listeners, settings["inward"], strict=True)
        ],
        "node_listeners": [port for port, _ in settings["outward"]],
        "hand_out": channel.fileno(),
    }
    file = Path(settings["home"]) / "inside.json"
    write_atomically(file, json.dumps(inside), mode=0o600)
    launcher = os.getpid()

    def before() -> None:
        end_with(launcher)
        cgroups.enter(groups)

    command = [sys.executable, "-m", "localcloud.kubernetes.node.init", str(file)]
    node = subprocess.Popen(
        [which("unshare") or "unshare", *NAMESPACES, "--fork", "--kill-child=SIGKILL", *command],
        stdin=wait_for_end, pass_fds=[channel.fileno(), *(listener.fileno() for listener in listeners)],
        preexec_fn=before,  # noqa: PLW1509 (this process has one thread)
    )  # fmt: skip
    os.close(wait_for_end)
    for passed in (channel, *listeners):
        passed.close()
    return node


async def _started(node: subprocess.Popen[bytes]) -> bool:
    """Wait until `unshare` has started the first process of the node; False where it ended before."""
    children = Path(f"/proc/{node.pid}/task/{node.pid}/children")
    while node.poll() is None:
        with suppress(OSError):
            if children.read_text().strip():
                return True
        await asyncio.sleep(0.01)
    return False


def _close_once(number: int) -> None:
    with suppress(OSError):
        os.close(number)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
