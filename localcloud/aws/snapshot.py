"""All of moto's state in one file, which only the version of moto that wrote it can read.

The file is a line of JSON (format, versions, sequence, and for each part the services in it, its length and SHA-256)
followed by the parts, each a pickle. Services whose models refer to each other share a part, so that after a start
they still refer to the same models; all others have one of their own, and a damaged byte costs that part alone.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localcloud.aws import store
from localcloud.aws.attempts import ATTEMPTS
from localcloud.aws.pickling import by_name, name_of, pickled

FORMAT = 3

# Attributes of every BackendDict; any other (S3's bucket_accounts) is state.
_PLUMBING = {"backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id"}
_STORE, _ANSWERS = "store", "answers"


class Unusable(Exception):
    """A snapshot of which nothing can be read: no header, or that of another version of moto."""


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that was read: `parts` that are whole, `damaged` and `left_out` services with the reason."""

    sequence: int
    saved_at: datetime
    parts: tuple[dict[str, Any], ...]
    damaged: dict[str, str]
    left_out: dict[str, str]


def dump(sequence: int) -> bytes:
    """The state as the bytes of a snapshot; call while holding the lock, or in a forked process.

    A service whose models cannot be pickled is left out, and named in the header.
    """
    state = {name_of(each): _contents(each) for each in _used()}
    parts, left_out = _parts({**state, _STORE: store.dump(), _ANSWERS: ATTEMPTS.dump()})
    header = {
        "format": FORMAT,
        "moto": _moto_version(),
        "sequence": sequence,
        "left_out": left_out,
        "saved_at": datetime.now(UTC).isoformat(),
        "parts": [
            {"services": names, "length": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}
            for names, payload in parts
        ],
    }
    return b"".join([json.dumps(header).encode(), b"\n", *(payload for _, payload in parts)])


def left_out(path: Path) -> str:
    """Which services a snapshot lacks, and why; "" where it is complete."""
    with path.open("rb") as file:
        return "; ".join(f"{name}: {reason}" for name, reason in json.loads(file.readline())["left_out"].items())


def read(path: Path) -> Snapshot:
    """Read a snapshot; nothing is changed. Raises Unusable."""
    line, _, payload = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line)
        written_by, described = (header["format"], header["moto"]), header["parts"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable("it has no header") from error
    if written_by != (FORMAT, _moto_version()):
        raise Unusable(f"it was written by moto {written_by[1]} (format {written_by[0]}), this is {_moto_version()}")
    parts: list[dict[str, Any]] = []
    damaged: dict[str, str] = {}
    for each in described:
        part, payload = payload[: each["length"]], payload[each["length"] :]
        if hashlib.sha256(part).hexdigest() != each["sha256"]:
            damaged |= dict.fromkeys(each["services"], "it does not fit its checksum")
            continue
        try:
            parts.append(pickle.loads(part))  # noqa: S301 - our own file, with its checksum
        except Exception as error:
            # A pickle that fits its checksum fails only where a class has changed, which can raise anything.
            damaged |= dict.fromkeys(each["services"], f"{type(error).__name__}: {error}")
    saved_at = datetime.fromisoformat(header["saved_at"])
    return Snapshot(int(header["sequence"]), saved_at, tuple(parts), damaged, header["left_out"])


def put(snapshot: Snapshot) -> int:
    """Put what was read into moto; returns how many services hold something."""
    services = 0
    for part in snapshot.parts:
        for name, content in part.items():
            if name == _STORE:
                store.restore(content)
                continue
            if name == _ANSWERS:
                ATTEMPTS.restore(content)
                continue
            accounts, extra = content
            backends = by_name(name)
            vars(backends).update(extra)
            for account, regions in accounts.items():
                for region, backend in regions.items():
                    backends[account][region] = backend
            services += any(accounts.values())
    return services


def _parts(state: dict[str, Any]) -> tuple[list[tuple[list[str], bytes]], dict[str, str]]:
    """The pickles of all services, and of which none could be made, with the reason."""
    parts: list[tuple[list[str], bytes, set[int]]] = []
    left_out: dict[str, str] = {}
    for name, content in state.items():
        try:
            payload, models = pickled({name: content})
        except Exception as error:  # a model with a socket, a thread: whatever its class raises
            left_out[name] = f"{type(error).__name__}: {error}"
            continue
        sharing = [each for each in parts if not models.isdisjoint(each[2])]
        if sharing:
            parts = [each for each in parts if each not in sharing]
            names = [shared for each in sharing for shared in each[0]] + [name]
            payload, models = pickled({each: state[each] for each in names})
            parts.append((names, payload, models))
        else:
            parts.append(([name], payload, models))
    return [(names, payload) for names, payload, _ in parts], left_out


def _contents(backends: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The backends by account and region, and what the registry itself holds."""
    extra = {key: value for key, value in vars(backends).items() if key not in _PLUMBING}
    return {account: dict(regions) for account, regions in backends.items()}, extra


def _moto_version() -> str:
    import moto

    return str(moto.__version__)


def _used() -> Iterator[Any]:
    from moto.core.base_backend import BackendDict

    for backends in list(BackendDict._instances):
        # moto's own interface and the metadata service hold no data of users.
        if backends.service_name not in ("moto_api", "instance_metadata"):
            yield backends


def readable(services: Collection[str]) -> str:
    """Names of services as a person knows them: `sqs, ec2` for backends of moto."""
    return ", ".join(sorted({name.partition(":")[0].removeprefix("moto.").split(".")[0] for name in services}))
