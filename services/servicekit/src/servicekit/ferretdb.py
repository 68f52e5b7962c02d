"""FerretDB for tests and development: a server that speaks MongoDB's wire protocol and keeps its data in a Postgres.

It has users and passwords but no roles, unique indexes but no fast ones: it shows correctness, never speed.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

from servicekit.local_server import LocalServer
from servicekit.testing import Certificate, free_port

USER = "root"
PASSWORD = "a-password-of-a-test"  # noqa: S105 (of a server that lives for seconds)


class FerretServer(LocalServer):
    """`url(database)` is its address, as its first user. With a certificate it demands TLS.

    What it answered with success is in Postgres, so it may be killed at any time.
    """

    program = "FerretDB"
    ended_by = signal.SIGKILL

    def __init__(self, program: Path, postgres_url: str, *, certificate: Certificate | None = None) -> None:
        super().__init__(Path(tempfile.mkstemp(prefix="ferretdb-", suffix=".log")[1]))
        self.port = free_port()
        self._certificate = certificate
        # A server whose starter was killed ends as well.
        self._command = ["setpriv", "--pdeathsig=TERM", str(program), "--postgres", postgres_url, "--user", USER]
        address = f"127.0.0.1:{self.port}"
        if certificate is None:
            self._command += ["--listen", address]
        else:
            self._command += ["--listen-tls", address, "--tls-cert", str(certificate.chain)]
            self._command += ["--tls-key", str(certificate.key)]

    def url(self, database: str, *, host: str = "127.0.0.1", options: str = "") -> str:
        """The address of a database of this server."""
        return f"mongodb://{USER}:{PASSWORD}@{host}:{self.port}/{database}?authSource=admin{options}"

    def command(self) -> Sequence[str]:
        """See LocalServer."""
        return self._command

    def variables(self) -> Mapping[str, str]:
        """See LocalServer."""
        return {"FERRETDB_PASSWORD": PASSWORD}

    def answers(self) -> bool:
        """See LocalServer."""
        options = "" if self._certificate is None else "&tls=true&tlsInsecure=true"  # it is only asked whether it runs
        address = self.url("admin", options=options)
        with pymongo.MongoClient[dict[str, object]](address, serverSelectionTimeoutMS=1000) as client:
            try:
                client.admin.command("ping")
            except PyMongoError:
                return False
        return True
