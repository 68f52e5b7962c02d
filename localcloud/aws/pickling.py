"""Pickles and reads what moto keeps, of which the standard pickle refuses a part: locks, keys, local functions."""

from __future__ import annotations

import enum
import importlib
import io
import pickle
import threading
import weakref
from collections import OrderedDict, defaultdict
from typing import IO, Any

_LOCKS = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}


def pickled(value: Any) -> tuple[bytes, set[int]]:
    """The bytes of a value, and the identities of the models in it; a model that cannot be pickled raises anything."""
    buffer = io.BytesIO()
    pickler = _Pickler(buffer)
    pickler.dump(value)
    return buffer.getvalue(), pickler.models


def name_of(backends: Any) -> str:
    """The name under which `by_name` gives these backends again."""
    return f"{backends.backend.__module__}:{backends.backend.__qualname__}"


def by_name(name: str) -> Any:
    """The BackendDict of a backend class; imports its module."""
    from moto.core.base_backend import BackendDict

    module = importlib.import_module(name.partition(":")[0])
    for value in vars(module).values():
        if isinstance(value, BackendDict) and name_of(value) == name:
            return value
    raise LookupError(f"moto has no {name}")


class _Pickler(pickle.Pickler):
    """Pickles more than the standard: locks, certificates, private keys, weak dictionaries, local functions."""

    def __init__(self, file: IO[bytes]) -> None:
        from moto.core.base_backend import AccountSpecificBackend, BackendDict

        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.models: set[int] = set()
        self._registry, self._account = BackendDict, AccountSpecificBackend

    # Not persistent_id, which pickle calls for every string and number as well.
    def reducer_override(self, obj: Any) -> Any:
        """How to write an object that the standard pickler refuses; NotImplemented for all others.

        References to moto's registries stay references.
        """
        kind = type(obj)
        if isinstance(obj, self._registry):
            return by_name, (name_of(obj),)
        if isinstance(obj, self._account):
            return _account, (name_of(obj), obj.account_id)
        if kind.__module__.startswith(("moto.", "localcloud.")) and not isinstance(obj, enum.Enum):
            self.models.add(id(obj))
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
    return by_name(name)[account]


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
