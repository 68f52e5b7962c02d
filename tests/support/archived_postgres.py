"""Postgres servers whose base backup and write-ahead log lie in a bucket, from which alone another one is restored."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import free_port

_DEBIAN = Path("/usr/lib/postgresql")


def binaries() -> Path:
    """The folder of Debian's newest Postgres; a skip without it, and where this user may not become Postgres' user."""
    folders = sorted(_DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name))
    if not folders or os.geteuid():
        pytest.skip("needs root and Debian's Postgres with pg_basebackup: apt-get install postgresql")
    return folders[-1]


@dataclass(frozen=True)
class Archive:
    """A bucket with one base backup (`base.tar.gz`) and the segments since (`wal/…`)."""

    s3: Any
    bucket: str

    def store(self, folder: Path, prefix: str) -> None:
        """Upload the files of a folder."""
        for file in sorted(folder.iterdir()):
            self.s3.put_object(Bucket=self.bucket, Key=f"{prefix}{file.name}", Body=file.read_bytes())

    def fetch(self, prefix: str, folder: Path) -> None:
        """Download what lies under a prefix into a new folder."""
        folder.mkdir()
        for entry in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)["Contents"]:
            body = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read()
            (folder / entry["Key"].rpartition("/")[2]).write_bytes(body)


@dataclass(frozen=True)
class Server:
    """A server of the folder `home`, on loopback; the user `ledger` needs no password."""

    home: Path
    port: int
    programs: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def spool(self) -> Path:
        """Where it puts each full segment of its log."""
        return self.home / "spool"

    @property
    def url(self) -> str:
        return f"postgresql://ledger@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str, document: str = "") -> str:
        """What one of Postgres' programs prints, as Postgres' user."""
        user = pwd.getpwnam("postgres")
        command = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        command += [str(self.programs / program), *arguments]
        done = subprocess.run(command, input=document, capture_output=True, text=True, check=False, cwd=self.home)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def sql(self, text: str) -> str:
        """Run statements; what the last one answers."""
        return self.run("psql", self.url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", document=text)

    @contextmanager
    def running(self, **settings: str) -> Iterator[None]:
        """With settings of postgresql.conf."""
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.home), **settings}
        chosen = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"port = {self.port}\n{chosen}")
        self.run("pg_ctl", "start", "-D", str(self.data), "-w", "-t", "60", "-l", str(self.home / "log"))
        try:
            yield
        finally:
            self.run("pg_ctl", "stop", "-D", str(self.data), "-m", "immediate")


def new_server(home: Path) -> Server:
    """An empty one, which archives its log."""
    server = _server(home)
    server.run("initdb", "-D", str(server.data), "-U", "ledger", "-A", "trust", "--no-sync", "-E", "UTF8")
    _own(server.home, server.spool)
    return server


def back_up(server: Server, archive: Archive) -> None:
    """A base backup of a running server."""
    folder = server.home / "backup"
    server.run("pg_basebackup", "-d", server.url, "-D", str(folder), "-Ft", "-z", "-X", "none", "-c", "fast")
    archive.store(folder, "base/")


def archive_log(server: Server, archive: Archive) -> None:
    """Everything that was committed until now."""
    segment = server.sql("SELECT pg_walfile_name(pg_current_wal_lsn()); SELECT pg_switch_wal()").splitlines()[0]
    end = time.monotonic() + 30
    while not (server.spool / segment).exists():
        assert time.monotonic() < end, (server.home / "log").read_text()
        time.sleep(0.1)
    archive.store(server.spool, "wal/")


@contextmanager
def restored(archive: Archive, home: Path, *, until: str) -> Iterator[Server]:
    """A server beside the first one with what was committed until a time, made of the archive alone."""
    server = _server(home)
    archive.fetch("base/", home / "fetched")
    archive.fetch("wal/", home / "wal")
    server.data.mkdir(mode=0o700)
    subprocess.run(["tar", "-xzf", home / "fetched" / "base.tar.gz", "-C", server.data], check=True)
    (server.data / "recovery.signal").touch()
    shutil.rmtree(home / "fetched")
    _own(home, server.spool)
    settings = {"restore_command": f'cp "{home}/wal/%f" "%p"', "recovery_target_time": until}
    with server.running(**settings, recovery_target_action="promote", archive_mode="off"):
        end = time.monotonic() + 60
        while server.sql("SELECT pg_is_in_recovery()") == "t":
            assert time.monotonic() < end, (home / "log").read_text()
            time.sleep(0.2)
        yield server


def archiving(server: Server) -> dict[str, str]:
    """The settings of a server that archives."""
    return {
        "archive_mode": "on",
        "archive_command": f'test ! -f "{server.spool}/%f" && cp "%p" "{server.spool}/%f"',
        "wal_level": "replica",
    }


def _server(home: Path) -> Server:
    home.mkdir()
    user = pwd.getpwnam("postgres")
    os.chown(home, user.pw_uid, user.pw_gid)
    return Server(home, free_port(), binaries())


def _own(home: Path, spool: Path) -> None:
    spool.mkdir()
    user = pwd.getpwnam("postgres")
    for path in (home, *home.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
