"""`gw` and checkov without a cold start: a server that has imported one forks for each command, which takes 30 ms
instead of a second of processor time for `gw` and three for checkov.

A command gets arguments, folder, environment and standard streams of its client, ends when the client ends, and
returns its exit code. `python warm_gw.py serve PROGRAM SOCKET PARENT` serves until the process PARENT is gone,
`python warm_gw.py ask SOCKET ARGUMENT…` is the program. The client uses the standard library only, because a step of a
workflow runs it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_KILLED = 137  # what a shell gives for a program that was killed


# ── the client ─────────────────────────────────────────────────────────────────────────────────────
def ask(address: Path, words: Sequence[str], *, cwd: Path, environ: Mapping[str, str], streams: Sequence[int]) -> int:
    """Run the program with WORDS and file descriptors for its three standard streams; returns its exit code."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(address))
        request = json.dumps({"words": list(words), "cwd": str(cwd), "environ": dict(environ)}).encode()
        socket.send_fds(connection, [len(request).to_bytes(8, "big")], list(streams))
        connection.sendall(request)
        answer = connection.recv(16)
    return int(answer) if answer else _KILLED


def run(
    address: Path, words: Sequence[str], *, cwd: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `gw WORDS` with an empty input; returns its exit code and what it printed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, Path(os.devnull).open("rb") as nothing:
        streams = (nothing.fileno(), out.fileno(), err.fileno())
        code = ask(address, words, cwd=cwd, environ=environ, streams=streams)
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(["gw", *words], code, out.read().decode(), err.read().decode())


# ── the server ─────────────────────────────────────────────────────────────────────────────────────
@functools.cache
def server(checkout: Path, program: str = "gw") -> Path:
    """The address of a server with `gw` or `checkov` of a checkout; it ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="gw-"))
    address, printed = folder / "gw.sock", folder / "gw.log"
    here = str(Path(__file__).resolve())
    command = [sys.executable, "-P", here, "serve", program, str(address), str(os.getpid())]
    with printed.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    atexit.register(_end, process, folder)
    while not address.exists():
        assert process.poll() is None, printed.read_text()
        time.sleep(0.05)
    return address


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.terminate()
    process.wait(20)
    shutil.rmtree(folder)


def serve(program: str, address: Path, parent: int) -> None:
    """Fork for each command, in a process that has one thread."""
    _PRELOAD[program]()
    assert threading.active_count() == 1, threading.enumerate()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the commands, since the server does not wait
    listener = socket.socket(socket.AF_UNIX)
    draft = address.with_suffix(".new")
    listener.bind(str(draft))
    listener.listen(64)
    listener.settimeout(5)
    draft.rename(address)
    while True:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            if os.getppid() != parent:
                return
            continue
        if not os.fork():
            listener.close()
            _become(program, connection)
        connection.close()


def _preload_gw() -> None:
    """Import everything that commands use, except modules that read the environment while they are imported."""
    import importlib
    import pkgutil

    import boto3  # noqa: F401
    import botocore.session  # noqa: F401

    import groundwork.cli
    import localcloud.kubernetes.api  # noqa: F401
    import stacks.values  # noqa: F401

    groundwork.cli.application()
    skipped = ("groundwork.synthesis", "groundwork.bench", "groundwork.toolchain.guard", "groundwork.toolchain.prepare")
    for module in pkgutil.walk_packages(groundwork.__path__, "groundwork."):
        if not module.name.startswith(skipped) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _preload_checkov() -> None:
    # What may switch checks off in a run, or write more than its report, is read while its modules are imported.
    os.environ["LOG_LEVEL"] = "ERROR"
    import checkov.main  # noqa: F401


def _run_gw() -> None:
    import importlib

    from groundwork.cli import console, main

    importlib.reload(console)  # it reads width and colours from the environment
    main()


def _run_checkov() -> None:
    from checkov.main import Checkov

    sys.exit(Checkov(sys.argv[1:]).run())  # its default is what this module was started with


_PRELOAD = {"gw": _preload_gw, "checkov": _preload_checkov}
_RUN = {"gw": _run_gw, "checkov": _run_checkov}


def _become(program: str, connection: socket.socket) -> None:
    import traceback

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(connection, 8, 3)
    body = b""
    while len(body) < int.from_bytes(size, "big"):
        body += connection.recv(1 << 20)
    request: dict[str, Any] = json.loads(body)
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = [program, *request["words"]]
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    threading.Thread(target=_end_with, args=[connection], daemon=True).start()
    code = 1
    try:
        _RUN[program]()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    with contextlib.suppress(OSError):
        connection.send(str(code).encode())
    os._exit(code)


def _end_with(connection: socket.socket) -> None:
    """Interrupt the command when its client is gone."""
    if not connection.recv(1):
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    sys.exit(ask(Path(sys.argv[2]), sys.argv[3:], cwd=Path.cwd(), environ=os.environ, streams=(0, 1, 2)))
