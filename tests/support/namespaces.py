"""Runs a function in a fork with fewer things around it: no network, or a disk of a few megabytes."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from typing import Any

import pytest

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def without_network(function: Callable[[], Any]) -> Any:
    """What the function returns; it has a loopback of its own and no other network. Skips where that takes rights.

    Raises RuntimeError with the function's error where it fails.
    """
    return _in_a_fork(function, _leave_the_network)


def _leave_the_network() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        raise _NotAllowed(os.strerror(ctypes.get_errno()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


class _NotAllowed(Exception):
    """This user may not make namespaces."""


def _in_a_fork(function: Callable[[], Any], before: Callable[[], None]) -> Any:
    mine, theirs = Pipe()
    process = get_context("fork").Process(target=_run, args=(function, before, theirs))
    process.start()
    theirs.close()
    how, result = mine.recv()
    process.join()
    if how == "skipped":
        pytest.skip(f"a network namespace takes root's rights here ({result}); run the tests as root")
    if how == "failed":
        raise RuntimeError(result)
    return result


def _run(function: Callable[[], Any], before: Callable[[], None], to: Connection) -> None:
    try:
        before()
        to.send(("ended", function()))
    except _NotAllowed as error:
        to.send(("skipped", str(error)))
    except BaseException as error:
        to.send(("failed", f"{type(error).__name__}: {error}"))
