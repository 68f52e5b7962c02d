"""All of moto's state in one file, which only the version of moto that wrote it can read.

The file is a line of JSON (format, versions, sequence, length, SHA-256) followed by a pickle.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import pickle
import threading
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from localcloud.aws import store

FORMAT = 2

# Attributes of every BackendDict; any other (S3's bucket_accounts) is state.
_PLUMBING = {"backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id"}
_LOCKS = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}


class Unusable(Exception):
    """A snapshot that cannot be read: torn, changed, or of another version of moto."""


@dataclass(frozen=True)
class Restored:
    """What a server found on the disk when it started.

    `replayed` counts the writes that the journal had beyond the snapshot, `age_seconds` is the snapshot's age.
    `set_aside` names a snapshot that could not be used, and why.
    """

    services: int = 0
    resources: int = 0
    replayed: int = 0
    age_seconds: float = 0.0
    set_aside: str = ""

    @property
    def anything(self) -> bool:
        """Whether the disk held anything."""
        return bool(self.services or self.replayed or self.set_aside)


@dataclass(frozen=True)
class Loaded:
    """What a snapshot's header and content say."""

    sequence: int
    saved_at: datetime
    services: int


def dump(sequence: int) -> bytes:
    """The state as the bytes of a snapshot; call while holding the lock, or in a forked process.

    A service whose models cannot be pickled is left out, and named in the header.
    """
    state: dict[str, Any] = {"backends": {_name(each): _contents(each) for each in _used()}, "store": store.dump()}
    problem = ""
    try:
        payload = _pickled(state)
    except Exception:
        refused = {name: reason for name, each in state["backends"].items() if (reason := _refusal(each))}
        for name in refused:
            del state["backends"][name]
        problem = "not saved: " + "; ".join(f"{name}: {reason}" for name, reason in refused.items())
        payload = _pickled(state)
    header = {
        "format": FORMAT,
        "moto": _moto_version(),
        "sequence": sequence,
        "left_out": problem,
        "saved_at": datetime.now(UTC).isoformat(),
        "length": len(payload),
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    return json.dumps(header).encode() + b"\n" + payload


def left_out(path: Path) -> str:
    """Which services a snapshot lacks, and why; "" where it is complete."""
    with path.open("rb") as file:
        return str(json.loads(file.readline()).get("left_out", ""))


def _contents(backends: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The backends by account and region, and what the registry itself holds."""
    extra = {key: value for key, value in vars(backends).items() if key not in _PLUMBING}
    return {account: dict(regions) for account, regions in backends.items()}, extra


def _pickled(value: Any) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer).dump(value)
    return buffer.getvalue()


def _refusal(value: Any) -> str:
    """Why a value cannot be pickled; "" where it can."""
    try:
        _pickled(value)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def load(path: Path) -> Loaded:
    """Put the state of a snapshot into moto. Raises Unusable; then nothing was changed."""
    line, _, payload = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line)
        written_by, length, digest = (header["format"], header["moto"]), header["length"], header["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable("it has no header") from error
    if written_by != (FORMAT, _moto_version()):
        raise Unusable(f"it was written by moto {written_by[1]} (format {written_by[0]}), this is {_moto_version()}")
    if len(payload) != length or hashlib.sha256(payload).hexdigest() != digest:
        raise Unusable("its content does not fit its checksum")
    try:
        state = pickle.loads(payload)  # noqa: S301 - our own file, with its checksum
    except Exception as error:
        # A pickle that fits its checksum fails only where a class has changed, which can raise anything.
        raise Unusable(f"{type(error).__name__}: {error}") from error
    for name, (accounts, extra) in state["backends"].items():
        backends = _by_name(name)
        vars(backends).update(extra)
        for account, regions in accounts.items():
            for region, backend in regions.items():
                backends[account][region] = backend
    store.restore(state["store"])
    saved_at = datetime.fromisoformat(header["saved_at"])
    return Loaded(
        int(header["sequence"]), saved_at, services=sum(any(each[0].values()) for each in state["backends"].values())
    )


def _moto_version() -> str:
    import moto

    return str(moto.__version__)


def _used() -> Iterator[Any]:
    from moto.core.base_backend import BackendDict

    for backends in list(BackendDict._instances):
        # moto's own interface and the metadata service hold no data of users.
        if backends.service_name not in ("moto_api", "instance_metadata"):
            yield backends


def _name(backends: Any) -> str:
    return f"{backends.backend.__module__}:{backends.backend.__qualname__}"


def _by_name(name: str) -> Any:
    """The BackendDict of a backend class; imports its module."""
    from moto.core.base_backend import BackendDict

    module = importlib.import_module(name.partition(":")[0])
    for value in vars(module).values():
        if isinstance(value, BackendDict) and _name(value) == name:
            return value
    raise Unusable(f"moto has no {name}")


class _Pickler(pickle.Pickler):
    """Pickles more than the standard: locks, certificates, private keys, weak dictionaries, local functions."""

    def __init__(self, file: IO[bytes]) -> None:
        from moto.core.base_backend import AccountSpecificBackend, BackendDict

        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._registry, self._account = BackendDict, AccountSpecificBackend

    # Not persistent_id, which pickle calls for every string and number as well.
    def reducer_override(self, obj: Any) -> Any:
        """How to write an object that the standard pickler refuses; NotImplemented for all others.

        References to moto's registries stay references.
        """
        kind = type(obj)
        if isinstance(obj, self._registry):
            return _by_name, (_name(obj),)
        if isinstance(obj, self._account):
            return _account, (_name(obj), obj.account_id)
        if kind in _LOCKS:
            return _LOCKS[kind], ()
        if isinstance(obj, defaultdict) and kind is not defaultdict:
            return _new_defaultdict, (kind, obj.default_factory), vars(obj), None, iter(obj.items())
        if isinstance(obj, dict) and kind.items not in (dict.items, OrderedDict.items):
            # Pickle calls `items()`, which in S3's store of objects has only the newest version of each.
            return _new_dict, (kind, dict(obj)), vars(obj)
        if isinstance(obj, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, (dict(obj.items()),)
        if kind.__module__.startswith("cryptography."):
            return _reduce_cryptography(obj)
        is_local = getattr(obj, "__module__", None) and callable(obj) and "<locals>" in getattr(obj, "__qualname__", "")
        if is_local or getattr(obj, "__name__", "") == "<lambda>":
            import dill

            return dill.loads, (dill.dumps(obj),)
        return NotImplemented


def _account(name: str, account: str) -> Any:
    """The backends of one account."""
    return _by_name(name)[account]


def _new_defaultdict(kind: type, factory: Any) -> Any:
    """A defaultdict of a class whose __init__ requires arguments that pickle does not know."""
    instance: Any = dict.__new__(kind)
    defaultdict.__init__(instance, factory)
    return instance


def _new_dict(kind: type, content: dict[Any, Any]) -> Any:
    """A dictionary of a class that does more than store a value when it is set."""
    instance: Any = dict.__new__(kind)
    dict.update(instance, content)
    return instance


def _reduce_cryptography(obj: Any) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    if isinstance(obj, x509.Certificate):
        return _load_certificate, (obj.public_bytes(serialization.Encoding.PEM),)
    if hasattr(obj, "private_bytes"):
        pkcs8, der = serialization.PrivateFormat.PKCS8, serialization.Encoding.DER
        return _load_private, (obj.private_bytes(der, pkcs8, serialization.NoEncryption()),)
    if hasattr(obj, "public_bytes"):
        spki, der = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.DER
        return _load_public, (obj.public_bytes(der, spki),)
    return NotImplemented


def _load_certificate(data: bytes) -> Any:
    from cryptography import x509

    return x509.load_pem_x509_certificate(data)


def _load_public(data: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization

    return serialization.load_der_public_key(data)


def _load_private(data: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization

    return serialization.load_der_private_key(data, None)
