"""The command `tx`: everything about the transactions, as commands or from a menu."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.prompt import IntPrompt, Prompt
from servicekit import command, settings

from transactions import accounts, probe, samples
from transactions.main import SERVICE
from transactions.queries import COLLECTION
from transactions.settings import TransactionsSettings

SERVER_COMMANDS = {
    "serve": "serve the API",
    "migrate": "make the indexes that are missing",
    "openapi": "print the OpenAPI document",
}
WRONG, UNAVAILABLE = 1, 3
_OUT, _ERR = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. Without arguments a person gets the menu."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words and sys.stdin.isatty():
        return menu()
    if words and words[0] in SERVER_COMMANDS:
        return command.main(SERVICE, words)
    options = _parser().parse_args(words)
    try:
        return _run(options)
    except PyMongoError as error:
        _ERR.print(f"error: MongoDB: {error}", markup=False)
        _ERR.print("  fix: check where it is (db_envs.yaml or DATABASE_URL) and the password (MONGO_PASSWORD)")
        return UNAVAILABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tx", description="Card transactions of the last days")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init-db", help="create the database user, the database and its indexes")
    init.add_argument("--role", choices=("read", "readWrite"), default="readWrite", help="in this database (readWrite)")
    populate = commands.add_parser("populate", help="insert transactions that nobody made")
    populate.add_argument("number", type=_positive)
    populate.add_argument("--seed", type=int, help="the same seed gives the same transactions; otherwise any")
    populate.add_argument("--days", type=_positive, default=365, help="how far they go back (365)")
    populate.add_argument("--until", type=_day, default=None, metavar="YYYY-MM-DD", help="the day they end (today)")
    check = commands.add_parser("check", help="call every route of a running API")
    check.add_argument("url", nargs="?", default="http://127.0.0.1:8080")
    commands.add_parser("menu", help="choose a command")
    for name, text in SERVER_COMMANDS.items():
        commands.add_parser(name, help=text)
    return parser


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "init-db":
            return _init(options.role)
        case "populate":
            return _populate(options.number, options.seed, options.days, options.until)
        case "check":
            return _check(options.url)
    return menu()


def menu() -> int:
    """Ask which command to run until the answer is to end."""
    while True:
        _OUT.print("1  create the database and its user\n2  populate it\n3  check a running API\n4  end")
        match Prompt.ask("Choose", choices=["1", "2", "3", "4"], console=_OUT):
            case "1":
                main(["init-db"])
            case "2":
                number = IntPrompt.ask("How many transactions", default=20_000, console=_OUT)
                seed = IntPrompt.ask("Seed", default=1, console=_OUT)
                main(["populate", str(number), "--seed", str(seed)])
            case "3":
                main(["check", Prompt.ask("Address", default="http://127.0.0.1:8080", console=_OUT)])
            case _:
                return 0


def _init(role: accounts.Role) -> int:
    values = settings.read(TransactionsSettings)
    is_new = accounts.init(values, role)
    _OUT.print(f"The user {'is created' if is_new else 'has the new password'}, with the role {role} in one database.")
    return 0


def _populate(number: int, seed: int | None, days: int, until: datetime | None) -> int:
    values = settings.read(TransactionsSettings)
    seed = random.randrange(2**32) if seed is None else seed  # noqa: S311 (samples, not secrets)
    until = until or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    documents = samples.samples(seed, until=until, days=days)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    url, patience = values.database_url.get_secret_value(), int(values.pool_wait_seconds * 1000)
    client: MongoClient[samples.Document]
    with MongoClient(url, serverSelectionTimeoutMS=patience) as client, Progress(*columns, console=_ERR) as progress:
        task = progress.add_task("transactions", total=number)
        collection: Collection[samples.Document] = client.get_default_database()[COLLECTION]
        new = samples.insert(
            collection, documents, number, on_progress=lambda done: progress.update(task, completed=done)
        )
    _OUT.print(f"{new} transactions are new, {number - new} were there; --seed {seed} --until {until:%Y-%m-%d}.")
    return 0


def _check(url: str) -> int:
    code = 0
    try:
        with httpx.Client(base_url=url, timeout=30) as client:
            for checked in probe.check(client):
                _OUT.print(f"{'ok   ' if checked.problem is None else 'WRONG'} {checked.path}", markup=False)
                if checked.problem is not None:
                    _OUT.print(f"      {checked.problem}", markup=False)
                    code = WRONG
    except (httpx.TransportError, httpx.UnsupportedProtocol) as error:
        _ERR.print(f"error: the API at {url} is down: {error}", markup=False)
        return UNAVAILABLE
    return code


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
