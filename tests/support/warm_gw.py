"""`gw` without a cold start: a server that has imported it forks for each command, which takes 30 ms instead of 1 s.

A command gets arguments, folder, environment and standard streams of its client, ends when the client ends, and
returns its exit code. `python warm_gw.py SOCKET PARENT` serves until the process PARENT is gone. The client uses
the standard library only, because a step of a workflow runs it.
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
    """Run `gw WORDS`, with file descriptors for its three standard streams; returns its exit code."""
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
def server(checkout: Path) -> Path:
    """The address of a server with the `gw` of a checkout; it ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="gw-"))
    address = folder / "gw.sock"
    command = [sys.executable, "-P", str(Path(__file__).resolve()), str(address), str(os.getpid())]
    with (folder / "gw.log").open("wb") as log:
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
        assert process.poll() is None, (folder / "gw.log").read_text()
        time.sleep(0.05)
    return address


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.terminate()
    process.wait(20)
    shutil.rmtree(folder)


def serve(address: Path, parent: int) -> None:
    """Fork for each command, in a process that has one thread."""
    _preload()
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
            _become_gw(connection)
        connection.close()


def _preload() -> None:
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
    assert threading.active_count() == 1, threading.enumerate()


def _become_gw(connection: socket.socket) -> None:
    import importlib
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
    sys.argv = ["gw", *request["words"]]
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    threading.Thread(target=_end_with, args=[connection], daemon=True).start()
    code = 1
    try:
        from groundwork.cli import console, main

        importlib.reload(console)  # it reads width and colours from the environment
        main()
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
    serve(Path(sys.argv[1]), int(sys.argv[2]))
