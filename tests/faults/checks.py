"""What must hold after a fault: every resource exists once and in a state, and nothing is locked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from groundwork.recover.steps import instances
from groundwork.state import aws
from tests.faults.app import App

_MOST = 25
"""Commands after which a repair that has not ended is regarded as one that never will."""


@dataclass(frozen=True)
class Losses:
    """`lost` are in code and state and do not exist, `orphans` exist and are in no state, `twice` exist again."""

    lost: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lost or self.twice or self.orphans or self.locks)


def losses(app: App) -> Losses:
    """Compare what exists with the states, by the names in the code.

    Other names are not counted: a killed embedded AWS forgets what it destroyed in its last seconds, and a state still
    has what a killed Terraform was about to destroy. Neither are keys that wait for their deletion: an interrupted
    Terraform leaves a half-made key tainted, and was replacing it; the next plan sees that it is gone.
    """
    code = (app.root / "stacks.json").read_text()
    keys = list(_keys(app))
    exist = [(name, id_) for name, id_ in _existing(app, keys) if f'"{name}"' in code]
    recorded = Counter((name, id_) for name, id_ in _recorded(app) if f'"{name}"' in code)
    names, leaving = (
        Counter(name for name, _ in exist),
        {key["KeyId"] for key in keys if key["KeyState"] == "PendingDeletion"},
    )
    return Losses(
        lost=tuple(
            sorted(f"{name} {id_}" for name, id_ in recorded if (name, id_) not in exist and id_ not in leaving)
        ),
        twice=tuple(sorted({name for name, count in names.items() if count > 1})),
        orphans=tuple(sorted(f"{name} {id_}" for name, id_ in exist if (name, id_) not in recorded)),
        locks=tuple(_locks(app)),
    )


def _recorded(app: App) -> Iterator[tuple[str, str]]:
    for stack in app.stacks:
        for instance in instances(app.state(stack) or {}).values():
            attributes = instance.attributes
            yield (
                str(attributes.get("description") or attributes.get("name") or attributes["id"]),
                str(attributes["id"]),
            )


def _existing(app: App, keys: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Name and Terraform's id of everything with the application's prefix."""
    ssm, sns, logs = (app.server.client(name) for name in ("ssm", "sns", "logs"))
    for bucket in app.server.client("s3").list_buckets()["Buckets"]:
        yield from _own(app, bucket["Name"], bucket["Name"])
    for table in app.server.client("dynamodb").list_tables()["TableNames"]:
        yield from _own(app, table, table)
    for alias in aws.entries(app.server.client("kms"), "list_aliases", "Aliases"):
        yield from _own(app, alias["AliasName"], alias["AliasName"])
    for parameter in aws.entries(ssm, "describe_parameters", "Parameters"):
        yield from _own(app, parameter["Name"], parameter["Name"])
    for topic in aws.entries(sns, "list_topics", "Topics"):
        yield from _own(app, topic["TopicArn"].rpartition(":")[2], topic["TopicArn"])
    for group in aws.entries(logs, "describe_log_groups", "logGroups"):
        yield from _own(app, group["logGroupName"], group["logGroupName"])
    for key in keys:
        if key["KeyState"] == "Enabled":
            yield from _own(app, key["Description"], key["KeyId"])


def _keys(app: App) -> Iterator[dict[str, Any]]:
    kms = app.server.client("kms")
    for entry in aws.entries(kms, "list_keys", "Keys"):
        yield kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]


def _own(app: App, name: str, id_: str) -> Iterator[tuple[str, str]]:
    if name.removeprefix("alias/").startswith(app.names):
        yield name, id_


def _locks(app: App) -> Iterator[str]:
    for item in app.server.client("dynamodb").scan(TableName="locks")["Items"]:
        if "Info" in item and app.project.prefix in item["LockID"]["S"]:
            yield item["LockID"]["S"]


# ── the way back ───────────────────────────────────────────────────────────────────────────────────
_NEXT = re.compile(r"(?:next:|fix) gw (?P<words>[^\n:;,]+)")


def repair(app: App) -> list[str]:
    """Run `gw recover`, and every command that it names; returns them. Raises AssertionError where that has no end."""
    ran: list[str] = []
    words = ["recover", "local"]
    while len(ran) < _MOST:
        done = app.gw(*words)
        ran.append(" ".join(words))
        if words == ["recover", "local"] and done.returncode == 0:
            return ran
        if done.returncode == 0:
            words = ["recover", "local"]
            continue
        named = _NEXT.search(done.stdout + done.stderr)
        assert named, f"gw {ran[-1]} ends with {done.returncode} and names no command:\n{done.stdout}{done.stderr}"
        words = _typed(named["words"])
    raise AssertionError(f"the repair does not end: {ran}")


def _typed(command: str) -> list[str]:
    """A printed command as a person types it, who confirms and gives a reason."""
    words = command.replace('"…"', "REASON").split()
    words = ["the fault injector looked at it" if word == "REASON" else word for word in words]
    if {"--import", "--push-state", "--correct-checksum"} & set(words):
        words.append("--yes")
    return words
