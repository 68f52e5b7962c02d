"""Starts a program that sees neither other processes nor the folders named `hidden`, but what is `shown` inside them.

Run by path with `python -I -S` and its description as JSON; imports nothing of Groundwork. It enters namespaces of its
own (namespaces(7)): mounts, processes and, where it is not root's, users. Its child, process 1 there, becomes the
program. Without namespaces it ends with UNAVAILABLE and a sentence on standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys

UNAVAILABLE = 126
# From the headers of Linux: sched.h, mount.h, prctl.h.
_NEW_MOUNTS, _NEW_USER, _NEW_PROCESSES = 0x20000, 0x10000000, 0x20000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_SIGNAL_OF_PARENTS_END = 1

_c = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Start the program, and end as it ends; signals reach it by its process group."""
    room = json.loads(sys.argv[1])
    try:
        _enter_namespaces()
        child = os.fork()
        if child == 0:
            _end_with_parent()
            _hide(room["hidden"], room["shown"])
            os.chdir(os.getcwd())  # noqa: PTH109 - by its name, which may lie in a folder that is shown again
            os.execv(room["command"][0], room["command"])  # noqa: S606 - an argument list, no shell
    except OSError as error:
        os.write(2, f"{error.strerror or error}\n".encode())
        os._exit(UNAVAILABLE)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _enter_namespaces() -> None:
    user, group = os.geteuid(), os.getegid()
    flags = _NEW_MOUNTS | _NEW_PROCESSES | (_NEW_USER if user else 0)
    _check(_c.unshare(flags), "this machine allows no namespaces")
    if user:
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib would double the start's time
                file.write(line)
    _mount("", "/", flags=_RECURSIVE | _PRIVATE)


def _hide(hidden: list[str], shown: list[str]) -> None:
    """Put an empty folder over every hidden one. What is shown is opened before, and mounted in its place again."""
    opened = [(path, os.open(path, os.O_PATH)) for path in shown if os.path.isdir(path)]  # noqa: PTH112
    for path in hidden:
        if os.path.isdir(path):  # noqa: PTH112
            _mount("hidden", path, "tmpfs", _NOSUID | _NODEV, "mode=755,size=1m")
    for path, number in opened:
        os.makedirs(path, exist_ok=True)  # noqa: PTH103
        _mount(f"/proc/self/fd/{number}", path, flags=_BIND | _RECURSIVE)
        os.close(number)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)


def _end_with_parent() -> None:
    _check(_c.prctl(_SIGNAL_OF_PARENTS_END, signal.SIGKILL, 0, 0, 0), "cannot be tied to the process that waits")


def _mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    arguments = (text.encode() or None for text in (source, target, kind))
    _check(_c.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None), f"cannot mount {target}")


def _check(result: int, doing: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{doing}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
