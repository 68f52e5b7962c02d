"""Find a function by name, ARN, alias or version, and call it through the runtime of this server."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import Any

import structlog

from localcloud.aws.lambda_runtime import Invocation, LambdaRuntime, Throttled
from localcloud.aws.lambda_spec import CannotRun, spec_of
from localcloud.aws.moto_lock import MOTO_LOCK

__all__ = ["MAX_EVENT", "CannotRun", "Target", "Throttled", "call", "call_later", "configure", "find"]

log = structlog.get_logger(__name__)

MAX_EVENT = 6 * 1024 * 1024  # bytes of a synchronous invocation; source: Lambda developer guide, "Lambda quotas"
_RETRIES = 2  # of an asynchronous invocation; source: Lambda developer guide, "Asynchronous invocation"

_runtime: list[LambdaRuntime] = []


def configure(runtime: LambdaRuntime) -> None:
    """Set the runtime that runs every invocation of this process."""
    _runtime[:] = [runtime]


@dataclass(frozen=True)
class Target:
    """One version of a function as moto holds it, and the ARN it was called by."""

    function: Any
    arn: str
    account: str

    @property
    def version(self) -> str:
        """The version that runs; $LATEST where no version was published or named."""
        name = str(self.function.function_arn).split(":function:")[1]
        return str(self.function.version) if ":" in name else "$LATEST"


def find(name: str, qualifier: str | None, *, account: str, region: str) -> Target:
    """The version of a function. `name` is a name, a partial or a full ARN, with or without a qualifier.

    Raises moto's UnknownFunctionException or UnknownAliasException.
    """
    from moto.awslambda.utils import get_backend

    if name.startswith("arn:"):
        _, _, _, region, account, _, name = name.split(":", 6)
    elif ":function:" in name:
        account, _, name = name.split(":", 2)
    name, _, suffix = name.partition(":")
    qualifier = qualifier or suffix or None
    backend = get_backend(account, region)
    with MOTO_LOCK.held():
        function = backend.get_function(name, _version_of_alias(backend, name, qualifier))
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}" + (f":{qualifier}" if qualifier else "")
    return Target(function, arn, account)


def _version_of_alias(backend: Any, name: str, qualifier: str | None) -> str | None:
    """The version that an alias sends this invocation to, by its weights; other qualifiers stay as they are."""
    if qualifier is None or qualifier == "$LATEST" or qualifier.isdigit():
        return qualifier
    alias = backend.get_alias(qualifier, name)
    chance = random.random()  # noqa: S311  which version answers is not a secret
    for version, weight in ((alias.routing_config or {}).get("AdditionalVersionWeights") or {}).items():
        chance -= float(weight)
        if chance < 0:
            return str(version)
    return str(alias.function_version)


def call(target: Target, event: bytes, *, context: str = "") -> Invocation:
    """Run the function and wait, with the lock released. Raises Throttled and CannotRun."""
    if not _runtime:
        raise CannotRun("functions run in a started server only")
    spec = spec_of(target.function)
    with MOTO_LOCK.released():
        return _runtime[0].invoke(spec, event, arn=target.arn, reserved=_reserved_concurrency(target), context=context)


def call_later(target: Target, event: bytes) -> None:
    """Run the function in the background, again where it fails, and send a lost event to its dead-letter target.

    AWS waits minutes between the attempts; here they follow at once.
    """
    threading.Thread(target=_call_repeatedly, args=(target, event), daemon=True).start()


def _call_repeatedly(target: Target, event: bytes) -> None:
    problem = ""
    for _ in range(1 + _RETRIES):
        try:
            outcome = call(target, event).outcome
        except (Throttled, CannotRun) as error:
            problem = str(error)
            continue
        if not outcome.error:
            return
        problem = outcome.payload.decode(errors="replace")
    log.warning("asynchronous invocation failed", function=target.arn, problem=problem[:500])
    dead_letter = (getattr(target.function, "groundwork_dead_letter", None) or {}).get("TargetArn")
    if dead_letter:
        _send_message(dead_letter, event.decode(errors="replace"))


def _send_message(arn: str, message: str) -> None:
    _, _, service, region, account, name = arn.split(":", 5)
    with MOTO_LOCK.held():
        if service == "sqs":
            from moto.sqs.models import sqs_backends

            sqs_backends[account][region].send_message(name, message)
        elif service == "sns":
            from moto.sns.models import sns_backends

            sns_backends[account][region].publish(message, arn=arn)


def _reserved_concurrency(target: Target) -> int | None:
    from moto.awslambda.utils import get_backend

    name = target.function.function_name
    with MOTO_LOCK.held():
        latest = get_backend(target.account, target.function.region).get_function(name)
    return None if latest.reserved_concurrency is None else int(latest.reserved_concurrency)
