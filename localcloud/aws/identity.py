"""The caller of a request: account and principal, by the access key that signed it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import parse_qs

from localcloud.aws.moto_lock import MOTO_LOCK
from localcloud.aws.policy import Principal

MAIN_ACCOUNT = "000000000000"
DEFAULT_REGION = "eu-west-2"

_SCOPE = re.compile(r"Credential=([^/\s]+)/\d{8}/([^/]*)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Caller:
    """The caller of a request: `principal_arn` is the role's ARN for an assumed role, as `aws:PrincipalArn` has it."""

    account: str
    principal_arn: str
    region: str = DEFAULT_REGION
    service: str = ""
    access_key: str = ""
    session_arn: str = ""
    signed: bool = True
    known: bool = True  # False for a key that was never issued


ANONYMOUS = Caller(account=MAIN_ACCOUNT, principal_arn="", signed=False)

_root_keys: list[str] = []
_current: ContextVar[Caller] = ContextVar("caller", default=ANONYMOUS)


def configure(root_key: str) -> None:
    """Set the access key with which requests act as the main account's root."""
    _root_keys[:] = [root_key]


def current() -> Caller:
    """The caller of the request that this thread answers; ANONYMOUS outside of a request."""
    return _current.get()


def current_principal() -> Principal:
    """The current caller as policies see it."""
    caller = current()
    return Principal(caller.account, caller.principal_arn, caller.session_arn)


@contextmanager
def acting_as(caller: Caller) -> Iterator[None]:
    """Make `caller` the current one for the duration of the block."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)


def identify(headers: Mapping[str, str], query: str) -> Caller:
    """The caller by Authorization header or presigned query; header names in lower case.

    The checkout's own key is the main account's root; an access key that STS issued belongs to the role's account, one
    that IAM issued to its user. Signatures are not verified: nobody else knows the keys.
    """
    scope = headers.get("authorization", "")
    if not scope and "X-Amz-Credential" in query:
        scope = "Credential=" + parse_qs(query).get("X-Amz-Credential", [""])[0]
    match = _SCOPE.search(scope)
    if not match:
        return ANONYMOUS
    key, region, service = match.groups()
    account, principal, session, known = _principal(key)
    return Caller(
        account=account,
        principal_arn=principal,
        region=region or DEFAULT_REGION,
        service=service.lower(),
        access_key=key,
        session_arn=session,
        known=known,
    )


def _principal(key: str) -> tuple[str, str, str, bool]:
    """Account, principal ARN and session ARN of an access key, and whether IAM or STS issued it."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    for account in list(sts_backends):
        role = sts_backends[account]["aws"].get_assumed_role_from_access_key(key)
        if role is not None:
            return account, role.role_arn, role.arn, True
    for account in list(iam_backends):
        for user in list(iam_backends[account]["aws"].users.values()):
            if any(each.access_key_id == key for each in user.access_keys):
                return account, user.arn, user.arn, True
    root = f"arn:aws:iam::{MAIN_ACCOUNT}:root"
    return MAIN_ACCOUNT, root, root, key in _root_keys


def forget_expired() -> None:
    """Drop expired sessions: every Terraform run opens a few."""
    from moto.core.utils import utcnow
    from moto.sts.models import sts_backends

    with MOTO_LOCK.held():
        for account in list(sts_backends):
            expired = [role for role in sts_backends[account]["aws"].assumed_roles if role.expiration < utcnow()]
            for role in expired:
                forget_session(account, role.access_key_id)


def forget_session(account: str, access_key: str) -> None:
    """Drop one session and its temporary key."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    with MOTO_LOCK.held():
        roles = sts_backends[account]["aws"].assumed_roles
        roles[:] = [each for each in roles if each.access_key_id != access_key]
        iam_backends[account]["aws"].access_keys.pop(access_key, None)
