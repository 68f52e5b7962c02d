"""Moments of bootstrap, deploy and approved apply at which something is killed, each known by a request to AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.faults.app import App
from tests.recover.endpoint import Action, Call

Operation = Literal["bootstrap", "deploy", "plan push", "approved apply"]
Rule = Callable[[App], Callable[[Call], bool]]


@dataclass(frozen=True)
class Point:
    """`event` recognises the request. `made`: AWS has carried it out, and only the answer is still to come."""

    name: str
    operation: Operation
    event: Rule
    made: bool = False

    def rule(self, app: App) -> Callable[[Call], Action]:
        """What the endpoint does with each call."""
        is_reached, action = self.event(app), "pass and hold" if self.made else "hold"
        return lambda call: action if is_reached(call) else "pass"  # type: ignore[return-value]

    def __str__(self) -> str:
        return f"{self.operation}: {self.name}"


# ── requests ───────────────────────────────────────────────────────────────────────────────────────
def _json(action: str, text: Callable[[App], str]) -> Rule:
    """A call of a JSON service whose body has a text."""
    return lambda app: lambda call: call.target.endswith(f".{action}") and text(app).encode() in call.body


def _topic(app: App) -> Callable[[Call], bool]:
    name = app.name("topic", app.version).encode()
    return lambda call: b"Action=CreateTopic" in call.body and name in call.body


def _locking(action: str, stack: str) -> Rule:
    """A lock, and not the checksum of the same state."""

    def rule(app: App) -> Callable[[Call], bool]:
        path = f'"state/{app.project.backend(stack)["key"]}"'.encode()
        # Only an apply of the application: planning takes the lock, too.
        return lambda call: (
            call.target.endswith(f".{action}")
            and path in call.body
            and (action == "DeleteItem" or b"OperationTypeApply" in call.body)
        )

    return rule


def _makes_bucket(app: App) -> Callable[[Call], bool]:
    return lambda call: call.method == "PUT" and call.path.rstrip("/") == f"/{app.names}-state"


def _reads(stack: str) -> Rule:
    """A state is read."""

    def rule(app: App) -> Callable[[Call], bool]:
        key = app.project.backend(stack)["key"]
        return lambda call: call.method == "GET" and call.path.split("?")[0].endswith(key)

    return rule


def _put(key: Callable[[App], str]) -> Rule:
    """An object is stored whose key has a text."""
    return lambda app: lambda call: call.method == "PUT" and key(app) in call.path


def _state(stack: str) -> Rule:
    return _put(lambda app: app.project.backend(stack)["key"])


def _journal(stack: str, what: str) -> Rule:
    return lambda app: (
        lambda call: (
            call.method == "PUT"
            and f"/audit/applies/local-{stack}/" in call.path
            and call.path.endswith(f".{what}.json")
        )
    )


_FIRST = _json("PutParameter", lambda app: app.name("first", app.version))
_KEY = _json("CreateKey", lambda app: app.name("key", app.version))
_LOG_GROUP = _json("CreateLogGroup", lambda app: app.name("log", app.version))
_COPY = _json("PutParameter", lambda app: f"{app.names}-copy")
_CHECKSUM = _json("PutItem", lambda app: f"state/{app.project.backend('one')['key']}-md5")

DEPLOY = (
    Point("the first stack's state is read", "deploy", _reads("one")),
    Point("the lock is asked for", "deploy", _locking("PutItem", "one")),
    Point("the lock is taken", "deploy", _locking("PutItem", "one"), made=True),
    Point("the first resource is asked for", "deploy", _FIRST),
    Point("the first resource is made", "deploy", _FIRST, made=True),
    Point("the topic is made", "deploy", _topic, made=True),
    Point("the key without a name is made", "deploy", _KEY, made=True),
    Point("the state is to be stored", "deploy", _state("one")),
    Point("the state is stored", "deploy", _state("one"), made=True),
    Point("the checksum is stored", "deploy", _CHECKSUM, made=True),
    Point("the lock is to be freed", "deploy", _locking("DeleteItem", "one")),
    Point("between two stacks", "deploy", _locking("PutItem", "two")),
    Point("the second stack's resource is changed", "deploy", _COPY, made=True),
    Point("the second stack's resource is made", "deploy", _LOG_GROUP, made=True),
)

APPROVED = (
    Point("a bundle is uploaded", "plan push", _put(lambda app: "/local-one/"), made=True),
    Point("the journal's begin is to be stored", "approved apply", _journal("one", "began")),
    Point("the journal's begin is stored", "approved apply", _journal("one", "began"), made=True),
    Point("the lock is taken", "approved apply", _locking("PutItem", "one"), made=True),
    Point("the first resource is made", "approved apply", _FIRST, made=True),
    Point("the key without a name is made", "approved apply", _KEY, made=True),
    Point("the state is to be stored", "approved apply", _state("one")),
    Point("the state is stored", "approved apply", _state("one"), made=True),
    Point("the journal's end is to be stored", "approved apply", _journal("one", "ended")),
)


BOOTSTRAP = (
    Point("the bucket is made", "bootstrap", _makes_bucket, made=True),
    Point("the table is made", "bootstrap", _json("CreateTable", lambda app: f"{app.names}-locks"), made=True),
    Point("the key without a name is made", "bootstrap", _KEY, made=True),
    Point("the alias is made", "bootstrap", _json("CreateAlias", lambda app: app.names), made=True),
    Point("the state is to be moved into its bucket", "bootstrap", _put(lambda app: "/state-backend.tfstate")),
    Point("the state is moved into its bucket", "bootstrap", _put(lambda app: "/state-backend.tfstate"), made=True),
)

POINTS = (*BOOTSTRAP, *DEPLOY, *APPROVED)
