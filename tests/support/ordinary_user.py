"""Runs a function as a user without rights, also where the tests run as root, whom no permission stops."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_NOBODY = 65534


def as_ordinary_user(function: Callable[[], Any]) -> Any:
    """What the function returns; it runs in a fork without root's rights. Raises RuntimeError where it fails."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_run, args=(function, theirs))
    process.start()
    theirs.close()
    succeeded, result = mine.recv()
    process.join()
    if not succeeded:
        raise RuntimeError(result)
    return result


def _run(function: Callable[[], Any], to: Connection) -> None:
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
        to.send((True, function()))
    except BaseException as error:
        to.send((False, f"{type(error).__name__}: {error}"))
