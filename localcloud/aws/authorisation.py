"""Whether an assumed role may do what a request asks for: its policies, its boundary and its session's policy.

Source: IAM user guide, "Policy evaluation logic" and "Troubleshoot access denied error messages". A role that exists is
held to its policies. One that does not is an administrator: it is how tests and a laptop enter an account.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog

from localcloud.aws.conditions import UnsupportedCondition
from localcloud.aws.iam_calls import needs
from localcloud.aws.iam_context import role_of
from localcloud.aws.iam_table import UnknownAction
from localcloud.aws.identity import Caller
from localcloud.aws.key_access import find_key
from localcloud.aws.policy import Call, Decision, Principal, evaluate, grants_directly
from localcloud.aws.protocol_errors import denial, likely_protocol
from localcloud.aws.routing import Request, Response

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Limits:
    """The policies of a session: what the role has, and what caps it."""

    identity: tuple[str, ...]
    boundary: str | None
    session: str | None


def refuse(request: Request, caller: Caller) -> Response | None:
    """The refusal of a request that its caller's role does not permit; None where it may go on.

    Hold the lock. What cannot be decided is refused too, with a message that says what is missing here.
    """
    limits = limits_of(caller)
    if limits is None:
        return None
    principal = Principal(caller.account, caller.principal_arn, caller.session_arn)
    protocol = likely_protocol(request)
    try:
        needed = needs(request, principal)
        protocol = needed.protocol
        for call in needed.calls:
            if reason := why_not(limits, call):
                log.info("refused", action=call.action, resource=call.resource, role=call.principal.arn, because=reason)
                return denial(request, protocol, f"{call.refusal()} {reason}")
    except (UnknownAction, UnsupportedCondition) as unknown:
        message = f"the embedded AWS cannot tell whether {caller.session_arn} may do this: {unknown}"
        return denial(request, protocol, message)
    return None


def limits_of(caller: Caller) -> Limits | None:
    """The policies that a caller is held to; None for callers that are not a role that exists."""
    role = role_of(caller.principal_arn) if caller.session_arn != caller.principal_arn else None
    if role is None:
        return None
    identity = (*role.policies.values(), *map(_document, role.managed_policies.values()))
    return Limits(tuple(map(_text, identity)), _boundary(role), _session_policy(caller))


def why_not(limits: Limits, call: Call) -> str:
    """Why a call is refused, in AWS's words; "" where it is allowed."""
    for documents, what in _layers(limits):
        if any(evaluate(document, call) is Decision.DENIED for document in documents):
            return f"with an explicit deny in {what}"
    granted = grants_directly(_resource_policy(call.resource), call)
    for documents, what in _layers(limits):
        allowed = any(evaluate(document, call) is Decision.ALLOWED for document in documents)
        if not allowed and not (granted and documents is limits.identity):
            return f"because no {what.removeprefix('an ').removeprefix('a ')} allows the {call.action} action"
    role = role_of(call.resource) if call.action == "sts:AssumeRole" else None
    if role is not None and evaluate(role.assume_role_policy_document, call) is not Decision.ALLOWED:
        return "because no resource-based policy allows the sts:AssumeRole action"
    return ""


def _layers(limits: Limits) -> Iterator[tuple[tuple[str, ...], str]]:
    yield limits.identity, "an identity-based policy"
    if limits.boundary is not None:
        yield (limits.boundary,), "a permissions boundary"
    if limits.session is not None:
        yield (limits.session,), "a session policy"


def _resource_policy(arn: str) -> str | None:
    """The policy of a bucket or key, which can allow a role of its account something by name."""
    if arn.startswith("arn:aws:s3:::"):
        from localcloud.aws.services.s3 import bucket_of

        bucket = bucket_of(arn.removeprefix("arn:aws:s3:::").partition("/")[0])
        policy = getattr(bucket, "policy", None)
        return _text(policy) if policy else None
    if ":kms:" in arn and ":key/" in arn and "*" not in arn:
        location = find_key(arn, account=arn.split(":")[4], region=arn.split(":")[3])
        return str(location[0].policy) if location else None
    return None


def _boundary(role: Any) -> str | None:
    from moto.iam.models import iam_backends

    if not role.permissions_boundary_arn:
        return None
    policy = iam_backends[role.account_id][role.partition].managed_policies.get(role.permissions_boundary_arn)
    # A boundary that was deleted allows nothing.
    return _document(policy) if policy is not None else '{"Statement": []}'


def _session_policy(caller: Caller) -> str | None:
    from moto.sts.models import sts_backends

    session = sts_backends[caller.account]["aws"].get_assumed_role_from_access_key(caller.access_key)
    return str(session.policy) if session is not None and session.policy else None


def _document(policy: Any) -> str:
    return _text(next(each.document for each in policy.versions if each.version_id == policy.default_version_id))


def _text(document: Any) -> str:
    if isinstance(document, bytes):
        return document.decode()
    return document if isinstance(document, str) else json.dumps(document)
