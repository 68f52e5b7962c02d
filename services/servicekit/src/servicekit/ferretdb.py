"""FerretDB for tests: a server that speaks MongoDB's wire protocol and keeps its data in a Postgres.

It has users and passwords but no roles, unique indexes but no fast ones: it shows correctness, never speed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import pymongo
from pymongo.errors import PyMongoError

from servicekit.testing import Certificate, free_port

USER = "root"
PASSWORD = "a-password-of-a-test"  # noqa: S105 (of a server that lives for seconds)


class FerretServer:
    """A server on loopback; `url(database)` is its address, as its first user. With a certificate it demands TLS."""

    def __init__(self, program: Path, postgres_url: str, *, certificate: Certificate | None = None) -> None:
        self.port = free_port()
        self._certificate = certificate
        self._log = Path(tempfile.mkstemp(prefix="ferretdb-", suffix=".log")[1])
        # A server whose starter was killed ends as well.
        self._command = ["setpriv", "--pdeathsig=TERM", str(program), "--postgres", postgres_url, "--user", USER]
        address = f"127.0.0.1:{self.port}"
        if certificate is None:
            self._command += ["--listen", address]
        else:
            self._command += ["--listen-tls", address, "--tls-cert", str(certificate.chain)]
            self._command += ["--tls-key", str(certificate.key)]
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, *, host: str = "127.0.0.1", options: str = "") -> str:
        """The address of a database of this server."""
        return f"mongodb://{USER}:{PASSWORD}@{host}:{self.port}/{database}?authSource=admin{options}"

    def start(self) -> None:
        """Start the server and wait until it answers. Raises RuntimeError with its log when it does not."""
        with self._log.open("ab") as output:
            environment = {**os.environ, "FERRETDB_PASSWORD": PASSWORD}
            self._process = subprocess.Popen(self._command, env=environment, stdout=output, stderr=output)
        options = "" if self._certificate is None else "&tls=true&tlsInsecure=true"  # it is only asked whether it runs
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            address = self.url("admin", options=options)
            with pymongo.MongoClient[dict[str, object]](address, serverSelectionTimeoutMS=1000) as client:
                try:
                    client.admin.command("ping")
                except PyMongoError:
                    time.sleep(0.05)
                else:
                    return
        raise RuntimeError(f"FerretDB did not start:\n{self._log.read_text()}")

    def kill(self, kind: signal.Signals = signal.SIGKILL) -> None:
        """End the server; what it answered with success is in Postgres."""
        if self._process is not None:
            self._process.send_signal(kind)
            self._process.wait(30)
            self._process = None

    def __enter__(self) -> FerretServer:
        """A server that answers."""
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.kill()
        self._log.unlink(missing_ok=True)
