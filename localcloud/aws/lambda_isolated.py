"""Starts a function's process where it sees its own code, Python and AWS's runtime, and nothing else of this machine.

Run by path with `python -I -S`, with a description of the room on standard input (`lambda_isolation.py` writes it);
imports nothing of Groundwork. This process enters namespaces of its own: mounts, processes, IPC and, where it is not
root's, users (see namespaces(7)). Its child, process 1 there, runs the function as an unprivileged user. What fails is
said in a sentence on standard error.
"""
# pathlib, like json, signal and typing, would take longer to import than all the rest takes.
# ruff: noqa: PTH103, PTH112, PTH120, PTH123, PTH211

from __future__ import annotations

import ctypes
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Source of these numbers: the headers of Linux (sched.h, mount.h, prctl.h); mount_setattr(2) has Linux since 5.12.
_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_PROCESSES = 0x20000, 0x8000000, 0x10000000, 0x20000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _READ_ONLY_NOSUID_NODEV = 442, -100, 0x8000, 1 | 2 | 4
_DETACH = 2
_SIGNAL_OF_PARENTS_END, _NO_NEW_PRIVILEGES, _KILL = 1, 38, 9
_DEVICES = ("null", "zero", "full", "random", "urandom")

_c = ctypes.CDLL(None, use_errno=True)


def _check(result: int, doing: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{doing}: {os.strerror(ctypes.get_errno())}")


def _mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    arguments = (text.encode() or None for text in (source, target, kind))
    _check(_c.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None), f"cannot mount {target}")


def _bind(source: str, target: str) -> None:
    """Show a file or a folder of the machine at `target`, with everything that is mounted below it."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "a"):
            pass
    _mount(source, target, flags=_BIND | _RECURSIVE)


def enter_namespaces(user: int, group: int) -> None:
    """Leave the machine's namespaces; without root in a user namespace, where this user is called `user`."""
    own_user, own_group = os.geteuid(), os.getegid()
    _check(
        _c.unshare(_NEW_MOUNTS | _NEW_IPC | _NEW_PROCESSES | (_NEW_USER if own_user else 0)),
        "this machine allows no namespaces",
    )
    if own_user:
        for name, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {own_user} 1"),
            ("gid_map", f"{group} {own_group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(line)
    _mount("", "/", flags=_RECURSIVE | _PRIVATE)


def build(room: dict[str, Any]) -> None:
    """Make the folder `room["root"]` the root folder: read-only, but for a /tmp that ends with the process."""
    root = room["root"]
    _mount("function", root, "tmpfs", _NOSUID | _NODEV, "mode=755")
    for name in ("dev", "proc", "tmp", "etc"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    for name, text in room["files"].items():
        with open(f"{root}/{name}", "w") as file:
            file.write(text)
    for link, target in room["links"].items():
        os.symlink(target, root + link)
    for source, target in room["binds"]:
        _bind(source, root + target)
    for name in _DEVICES:
        with open(f"{root}/dev/{name}", "w"):
            pass
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{root}/dev/{name}")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY_NOSUID_NODEV, 0, 0, 0)
    _check(
        _c.syscall(
            _MOUNT_SETATTR,
            _AT_FDCWD,
            root.encode(),
            _AT_RECURSIVE,
            ctypes.byref(attributes),
            ctypes.c_size_t(ctypes.sizeof(attributes)),
        ),
        "cannot make the function's files read-only",
    )
    for name in _DEVICES:
        _mount(f"/dev/{name}", f"{root}/dev/{name}", flags=_BIND)
    for path in room["hidden"]:
        if os.path.isdir(root + path):
            _mount("hidden", root + path, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "mode=000,size=4k")
    _mount("proc", f"{root}/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    _mount("tmp", f"{root}/tmp", "tmpfs", _NOSUID | _NODEV, f"mode=1777,size={room['tmp_mb']}m")  # noqa: S108
    os.chdir(root)
    _check(_c.pivot_root(b".", b"."), "cannot change the root folder")
    _check(_c.umount2(b".", _DETACH), "cannot leave the machine's files")


def end_with_parent() -> None:
    """Be killed when the thread ends that started this process."""
    _check(_c.prctl(_SIGNAL_OF_PARENTS_END, _KILL, 0, 0, 0), "cannot be tied to the server")


def give_up_privileges(user: int, group: int) -> None:
    """Become the unprivileged user for good."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
    _check(_c.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "cannot give up privileges")


def main() -> None:
    """Start the function in the room, and end as it ends, or with the server, whose process id is given."""
    room = marshal.load(sys.stdin.buffer)  # noqa: S302 - from the server, which runs the same Python
    os.umask(0o022)
    try:
        end_with_parent()
        if os.getppid() != int(sys.argv[1]):
            os._exit(1)  # the server ended before
        enter_namespaces(room["user"], room["group"])
        child = os.fork()
        if child == 0:
            build(room)
            give_up_privileges(room["user"], room["group"])
            end_with_parent()  # a change of user ends that
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.chdir(room["folder"])
            os.execve(room["command"][0], room["command"], room["environment"])  # noqa: S606
    except OSError as error:
        os.write(2, f"{error.strerror or error}\n".encode())
        os._exit(126)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
