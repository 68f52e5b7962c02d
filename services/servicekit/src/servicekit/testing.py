"""A Postgres server for tests, benchmarks and development: a folder of its own, loopback only, ended with `stop`."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from servicekit.local_server import LocalServer

DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: a server's certificate, its key, and the CA that signed it."""

    chain: Path
    key: Path
    ca: Path


def binaries() -> Path:
    """The folder of Debian's newest Postgres, else of that in the package pgserver.

    Raises FileNotFoundError with the command that installs one.
    """
    folders = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if folders:
        return folders[-1].parent
    # The package is found, not imported: it would look for servers of its own.
    package = importlib.util.find_spec("pgserver")
    if package is None or package.origin is None:
        raise FileNotFoundError("Postgres is not installed\n  fix: apt-get install postgresql")
    return Path(package.origin).parent / "pginstall/bin"


class PostgresServer(LocalServer):
    """A running server; `url(database)` is its address. Postgres refuses to run as root, so then another user does.

    With a certificate it takes TLS too, which the package pgserver cannot do. SIGINT closes its connections; SIGQUIT
    does not even write a checkpoint.
    """

    program = "Postgres"
    ended_by = signal.SIGINT

    def __init__(self, *, fsync: bool = False, certificate: Certificate | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        super().__init__(self.folder / "log", folder=self.folder)
        self.port = free_port()
        # A server whose starter was killed ends as well (SIGINT is Postgres' fast shutdown).
        self._as_user = ["setpriv", "--pdeathsig=INT"]
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres" if _exists("postgres") else "nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self._binaries = self._readable(binaries())
        self.data = self.folder / "data"
        self._options = [f"--fsync={'on' if fsync else 'off'}", "--max_connections=200", "--shared_buffers=128MB"]
        if certificate is not None:
            self._options += ["--ssl=on", *self._files_of(certificate)]
        self._run(
            "initdb", "-D", str(self.data), "-U", "ledger", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8"
        )

    def command(self) -> Sequence[str]:
        """See LocalServer."""
        return [
            *self._as_user, str(self._binaries / "postgres"), "-D", str(self.data), "-p", str(self.port),
            "-h", "127.0.0.1", "-k", str(self.folder), *self._options,
        ]  # fmt: skip

    def answers(self) -> bool:
        """See LocalServer."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str) -> str:
        """The address of a database of this server."""
        return f"postgresql://ledger@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template0") -> str:
        """Create a database, as a copy of `template`; returns its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            names = (psycopg.sql.Identifier(database), psycopg.sql.Identifier(template))
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(database)

    def stop(self) -> None:
        """End the server and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files_of(self, certificate: Certificate) -> list[str]:
        """Options for copies that belong to the server's user, who alone may read the key."""
        options = []
        for name, file in (("ssl_cert_file", certificate.chain), ("ssl_key_file", certificate.key)):
            copy = self.folder / file.name
            shutil.copy(file, copy)
            copy.chmod(0o600)
            folder = self.folder.stat()
            os.chown(copy, folder.st_uid, folder.st_gid)
            options.append(f"--{name}={copy}")
        return options

    def _readable(self, programs: Path) -> Path:
        """The programs where the server's user reaches them: a package may lie in a folder that only root may enter."""
        if os.geteuid() != 0 or programs.is_relative_to(DEBIAN):
            return programs
        package, copied = programs.parents[1], self.folder / "installed"
        # Programs find their libraries by a path relative to their own.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, copied / part.name, symlinks=True)
        return copied / programs.relative_to(package.parent)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._binaries / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_ready(client: httpx.Client, seconds: float = 30) -> None:
    """Wait for the database and the schema of a service. Raises TimeoutError with what is missing."""
    deadline = time.monotonic() + seconds
    while (answer := client.get("/readyz")).status_code != httpx.codes.OK:
        if time.monotonic() > deadline:
            raise TimeoutError(answer.text)
        time.sleep(0.05)
