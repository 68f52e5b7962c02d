"""Policies of identities and of resources (bucket, key, API): what they allow and deny.

Source: IAM user guide, "Policy evaluation logic". An explicit deny wins over any allow. Where no statement of a
resource's policy matches, a call from another account is refused; a call from the same account depends on the caller's
own policies (`authorisation`).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from localcloud.aws.conditions import Context, as_list, holds, like

Document = str | bytes | Mapping[str, Any]


class Decision(Enum):
    """What a policy says about a call."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class Principal:
    """A caller. `arn` is a role's or user's ARN, `session_arn` that of an assumed-role session.

    An anonymous caller has neither. `service` is set instead for an AWS service that calls in its own name, such as
    apigateway.amazonaws.com.
    """

    account: str
    arn: str
    session_arn: str = ""
    service: str = ""
    by_name: bool = False
    """Whether a policy that names the account does not mean this caller."""

    @property
    def anonymous(self) -> bool:
        """Whether the call was not signed."""
        return not (self.arn or self.service)

    @property
    def name(self) -> str:
        """What AWS's error messages call it."""
        return self.session_arn or self.arn or "anonymous"


@dataclass(frozen=True)
class Call:
    """One call: `action` such as s3:PutObject, `resource` an ARN, `context` the keys that conditions compare."""

    principal: Principal
    action: str
    resource: str
    context: Context = field(default_factory=dict)

    def full_context(self) -> dict[str, list[str]]:
        """The context with the keys every call has, names in lower case."""
        keys = {"aws:securetransport": ["true"]}  # nothing leaves the loopback interface
        if self.principal.arn:
            keys["aws:principalarn"] = [self.principal.arn]
            keys["aws:principalaccount"] = [self.principal.account]
            keys["aws:principaltype"] = ["AssumedRole" if self.principal.session_arn else "Account"]
            keys["aws:principalisawsservice"] = ["false"]
        else:
            keys["aws:principaltype"] = ["Anonymous"]
        return keys | {key.lower(): list(values) for key, values in self.context.items()}

    def refusal(self) -> str:
        """AWS's sentence for a call that a policy refuses."""
        return f"User: {self.principal.name} is not authorized to perform: {self.action} on resource: {self.resource}"


def statements(document: Document) -> list[Mapping[str, Any]]:
    """The statements of a policy; raises ValueError for text that is not JSON."""
    policy = document if isinstance(document, Mapping) else json.loads(document)
    listed = policy.get("Statement", [])
    return listed if isinstance(listed, list) else [listed]


def evaluate(document: Document, call: Call) -> Decision:
    """What a policy says about `call`.

    Raises UnsupportedCondition for an unknown condition operator, ValueError for a document that is not JSON.
    """
    context = call.full_context()
    decision = Decision.NEUTRAL
    for statement in _about(document, call.action.lower()):
        if not _applies(statement, call, context):
            continue
        if statement.get("Effect") == "Deny":
            return Decision.DENIED
        decision = Decision.ALLOWED
    return decision


def _about(document: Document, action: str) -> Iterable[Mapping[str, Any]]:
    """The statements that speak of an action, which has to be in lower case."""
    if isinstance(document, Mapping):
        return [statement for statement in statements(document) if _selects(statement, "Action", action, {}, fold=True)]
    return _remembered(document, action)


@functools.lru_cache(maxsize=4096)
def _remembered(document: str | bytes, action: str) -> Sequence[Mapping[str, Any]]:
    # A role has about sixty statements, and only a few of them speak of an action.
    return [each for each in _parsed(document) if _selects(each, "Action", action, {}, fold=True)]


@functools.lru_cache(maxsize=512)
def _parsed(document: str | bytes) -> Sequence[Mapping[str, Any]]:
    return statements(document)


def permitted(document: Document | None, call: Call, *, owner: str) -> bool:
    """Whether the policy of a resource that the account `owner` has permits `call`.

    A call from the same account passes where the policy does not mention it: the caller's own policies decide.
    A call from another account, or an anonymous one, needs an explicit allow.
    """
    decision = evaluate(document, call) if document else Decision.NEUTRAL
    if decision is Decision.NEUTRAL:
        return call.principal.account == owner and not call.principal.anonymous
    return decision is Decision.ALLOWED


def grants_directly(document: Document | None, call: Call) -> bool:
    """Whether the policy of a resource allows `call` to its caller by name, so that no policy of its own has to.

    A policy that allows it to the caller's account leaves that to the account's identity policies.
    """
    by_name = replace(call, principal=replace(call.principal, by_name=True))
    return bool(document) and evaluate(document or "", by_name) is Decision.ALLOWED


def _applies(statement: Mapping[str, Any], call: Call, context: Context) -> bool:
    return (
        _selects(statement, "Resource", call.resource, context)
        and _covers(statement, call.principal)
        and holds(_expanded(statement.get("Condition"), context), context)
    )


def _selects(statement: Mapping[str, Any], element: str, value: str, context: Context, *, fold: bool = False) -> bool:
    """Whether Action or Resource (or their Not forms) cover `value`; an absent element covers everything."""
    for name, expected in ((element, True), (f"Not{element}", False)):
        if name in statement:
            patterns = [_variables(each, context) for each in as_list(statement[name])]
            return any(like(each.lower() if fold else each, value) for each in patterns) == expected
    return True


def _covers(statement: Mapping[str, Any], principal: Principal) -> bool:
    if "NotPrincipal" in statement:
        return not _includes(statement["NotPrincipal"], principal)
    return "Principal" not in statement or _includes(statement["Principal"], principal)


def _includes(element: str | Mapping[str, Any], principal: Principal) -> bool:
    if element == "*":
        return True
    if not isinstance(element, Mapping):
        return False
    if principal.service:
        return principal.service in as_list(element.get("Service", []))
    names = as_list(element.get("AWS", []))
    if "*" in names:
        return True
    root = f"arn:aws:iam::{principal.account}:root"
    account = set() if principal.by_name else {principal.account, root}
    own_names = ({principal.arn, principal.session_arn} | account) - {""}
    return not principal.anonymous and any(name in own_names for name in names)


def _expanded(block: Mapping[str, Mapping[str, object]] | None, context: Context) -> Mapping[str, Mapping[str, object]]:
    return {
        operator: {key: [_variables(each, context) for each in as_list(values)] for key, values in keys.items()}
        for operator, keys in (block or {}).items()
    }


def _variables(text: str, context: Context) -> str:
    """Replace ${aws:PrincipalArn} and the like by the call's value; an unknown variable matches nothing."""

    def value(variable: re.Match[str]) -> str:
        name, _, default = variable.group(1).partition(",")
        values = context.get(name.strip().lower())
        return values[0] if values else default.strip().strip("'") or "\0"

    return re.sub(r"\$\{([^}*?$][^}]*)\}", value, text)
