"""The database of a service on a Postgres server and the roles that sign in to it, made by an administrator.

The administrator needs CREATEDB and CREATEROLE, which the master user of RDS has; it does not have to be a superuser.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servicekit.problems import Unavailable

# RDS user guide, "Creating a database account using IAM authentication": its members sign in with a token of IAM.
_IAM = "rds_iam"

Connection = psycopg.Connection[tuple[Any, ...]]


class ProvisionFailed(Exception):
    """What an address lacks, or why the server refused; never repeats a password."""


@dataclass(frozen=True)
class Login:
    """A role that signs in to a database. Without a password it signs in with IAM, where the server knows that."""

    role: str
    password: str | None
    database: str

    @classmethod
    def of(cls, url: str, *, variable: str) -> Login:
        """From an address that libpq reads. Raises ProvisionFailed, which names `variable`."""
        parts = conninfo_to_dict(url)
        if not parts.get("user") or not parts.get("dbname"):
            raise ProvisionFailed(f"{variable} names no user or no database, as in postgresql://user@host/database")
        password = parts.get("password")
        return cls(str(parts["user"]), str(password) if password else None, str(parts["dbname"]))


def provision(administrator_url: str, *, service: Login, owner: Login) -> None:
    """Make the database, its `owner`, and the role with which the `service` reads and writes; change what differs.

    The owner has the schema and brings it to new revisions. If the service is another role, it reads and writes rows of
    all tables, also of later ones, and cannot change the schema. Nobody else may connect. Raises ProvisionFailed, and
    Unavailable while the server does not answer.
    """
    if service.database != owner.database:
        raise ProvisionFailed(f"the service's database is {service.database}, its owner's is {owner.database}")
    try:
        with psycopg.connect(administrator_url, autocommit=True, connect_timeout=3) as server:
            if server.info.user in {service.role, owner.role}:
                raise ProvisionFailed(f"{server.info.user} is the administrator, and no service signs in as that")
            # Held until the connection ends: releases of several services may provision at once.
            server.execute("SELECT pg_advisory_lock(%s)", (zlib.crc32(b"provision"),))
            for login in {owner.role: owner, service.role: service}.values():
                _ensure_role(server, login)
            with _member_of(server, owner.role):
                _ensure_database(server, owner)
                inside = make_conninfo(administrator_url, dbname=owner.database, connect_timeout=3)
                with psycopg.connect(inside) as database:
                    _grant(database, service=service, owner=owner)
    except psycopg.OperationalError as error:
        raise Unavailable(str(error).strip()) from error
    except psycopg.Error as error:
        raise ProvisionFailed(error.diag.message_primary or type(error).__name__) from None


def _ensure_role(server: Connection, login: Login) -> None:
    name = sql.Identifier(login.role)
    if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login.role,)).fetchone():
        server.execute(sql.SQL("CREATE ROLE {}").format(name))
    server.execute(sql.SQL("ALTER ROLE {} LOGIN NOCREATEDB NOCREATEROLE").format(name))
    if login.password is not None:
        # The server, its log and its statistics see the verifier alone.
        verifier = server.pgconn.encrypt_password(login.password.encode(), login.role.encode(), b"scram-sha-256")
        server.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(verifier.decode())))
    elif server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (_IAM,)).fetchone():
        server.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(_IAM), name))


@contextmanager
def _member_of(server: Connection, role: str) -> Iterator[None]:
    """Who gives a database to a role has to be able to become it, and is that only meanwhile."""
    name = sql.Identifier(role)
    server.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    try:
        yield
    finally:
        server.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(name))


def _ensure_database(server: Connection, owner: Login) -> None:
    names = (sql.Identifier(owner.database), sql.Identifier(owner.role))
    if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (owner.database,)).fetchone():
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
    server.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(*names))


def _grant(database: Connection, *, service: Login, owner: Login) -> None:
    """In one transaction, as the owner."""
    names = {
        "database": sql.Identifier(owner.database),
        "owner": sql.Identifier(owner.role),
        "service": sql.Identifier(service.role),
    }
    statements: list[LiteralString] = [
        "SET LOCAL ROLE {owner}",
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        # The schema is the owner's: pg_database_owner owns it since Postgres 15.
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    ]
    if service.role != owner.role:
        statements += [
            "REVOKE ALL ON DATABASE {database} FROM {service}",
            "GRANT CONNECT ON DATABASE {database} TO {service}",
            "GRANT USAGE ON SCHEMA public TO {service}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {service}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {service}",
            # Of the tables that later revisions make.
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {service}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {service}",
        ]
    for statement in statements:
        database.execute(sql.SQL(statement).format(**names))
