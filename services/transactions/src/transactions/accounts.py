"""The database user of the transactions, with one role in one database."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure
from servicekit.mongo import Document, make_indexes

from transactions.queries import COLLECTION, INDEXES
from transactions.settings import TransactionsSettings

Role = Literal["read", "readWrite"]
USER_EXISTS = 51003


def init(settings: TransactionsSettings, role: Role) -> bool:
    """Create the user, the database and its indexes; whether the user is new.

    A user that exists gets the password of the settings, and the role instead of all that it had. Then the user logs
    in, as proof. Raises pymongo's errors.
    """
    url = settings.database_url.get_secret_value()
    address = urlsplit(url)
    user, password = unquote(address.username or ""), unquote(address.password or "")
    name = unquote(address.path.strip("/"))
    grant: dict[str, Any] = {"pwd": password, "roles": [{"role": role, "db": name}]}
    patience = int(settings.pool_wait_seconds * 1000)
    admin = settings.mongo_admin_url
    admin_url = settings.address_without_user() if admin is None else admin.get_secret_value()
    client: MongoClient[Document]
    with MongoClient(admin_url, serverSelectionTimeoutMS=patience) as client:
        database: Database[Document] = client[name]
        try:
            database.command("createUser", user, **grant)
            is_new = True
        except OperationFailure as error:
            if error.code != USER_EXISTS:
                raise
            database.command("updateUser", user, **grant)
            is_new = False
        make_indexes(database, INDEXES)
    with MongoClient(url, serverSelectionTimeoutMS=patience) as client:
        client.get_default_database()[COLLECTION].find_one()
    return is_new
