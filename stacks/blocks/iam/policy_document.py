"""IAM policy documents as values: every statement is named, narrow, and says why where it cannot be narrow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stacks.blocks.errors import IllegalComposition

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]
"""Operator → key → value or values, for example {"StringEquals": {"aws:SourceAccount": "111122223333"}}."""

MINIMUM_REASON = 20


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who a resource policy speaks of: AWS ARNs or account numbers, services, federated providers, or everyone."""

    aws: Sequence[str] = ()
    services: Sequence[str] = ()
    federated: Sequence[str] = ()
    everyone: bool = False

    def document(self) -> str | dict[str, object]:
        """The JSON of the Principal element."""
        if self.everyone:
            return "*"
        kinds = {"AWS": self.aws, "Service": self.services, "Federated": self.federated}
        return {kind: _one_or_many(values) for kind, values in kinds.items() if values}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. `sid` says in CamelCase what it allows or denies.

    An allow with resource `*` needs `any_resource_because`: AWS offers nothing narrower for some actions, and the
    reason has to be read where the statement is written. `whole_services_because` allows `service:*`, for a permission
    boundary alone: it gives nothing, it only caps. Raises IllegalComposition for an allow of `*` or an unexplained
    `service:*`, for an unexplained `*` resource, for an allow to everyone without conditions, and for an allow of
    everything but `other_resources`.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str] = ()
    """Empty in trust policies only."""
    other_resources: Sequence[str] = ()
    """For a deny: every resource but these (NotResource)."""
    principal: Principal | None = None
    """None in policies of a role, which speak of the role itself."""
    conditions: Conditions = field(default_factory=dict)
    effect: Literal["Allow", "Deny"] = "Allow"
    any_resource_because: str = ""
    whole_services_because: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9]+", self.sid):
            raise IllegalComposition("sid", f"{self.sid!r} is not letters and digits only", "write it in CamelCase")
        if not self.actions:
            raise IllegalComposition(f"{self.sid}.actions", "is empty", "name the actions, or drop the statement")
        if self.effect == "Deny":
            return
        if self.other_resources:
            raise IllegalComposition(f"{self.sid}.other_resources", "allows all but these", "name what is allowed")
        explained = len(self.whole_services_because) >= MINIMUM_REASON
        for action in self.actions:
            if action == "*" or (action.endswith(":*") and not explained):
                raise IllegalComposition(f"{self.sid}.actions", f"allows {action}", "name the actions that are needed")
        if "*" in self.resources and len(self.any_resource_because) < MINIMUM_REASON:
            raise IllegalComposition(
                f"{self.sid}.resources",
                "allows every resource",
                "name the resources, or say in any_resource_because why AWS offers nothing narrower",
            )
        if self.principal and self.principal.everyone and not self.conditions:
            raise IllegalComposition(
                f"{self.sid}.principal", "allows everyone", "name the principals, or add conditions that limit them"
            )

    def document(self) -> dict[str, object]:
        """The JSON of the statement."""
        document: dict[str, object] = {"Sid": self.sid, "Effect": self.effect}
        if self.principal:
            document["Principal"] = self.principal.document()
        document["Action"] = _one_or_many(self.actions)
        if self.resources:
            document["Resource"] = _one_or_many(self.resources)
        if self.other_resources:
            document["NotResource"] = _one_or_many(self.other_resources)
        if self.conditions:
            document["Condition"] = {
                operator: {key: value if isinstance(value, str) else _one_or_many(value) for key, value in keys.items()}
                for operator, keys in self.conditions.items()
            }
        return document


def deny_everyone(
    sid: str,
    actions: Sequence[str],
    *,
    resources: Sequence[str] = (),
    other_resources: Sequence[str] = (),
    conditions: Conditions | None = None,
) -> Statement:
    """Statement of a resource policy: whoever meets the conditions may not do this, whatever else allows it."""
    return Statement(
        sid=sid,
        effect="Deny",
        principal=Principal(everyone=True),
        actions=actions,
        resources=resources,
        other_resources=other_resources,
        conditions=conditions or {},
    )


def policy_document(*statements: Statement) -> str:
    """The JSON of a policy. References to resources inside it survive; IAM's own variables need `policy_variable`.

    Raises IllegalComposition where there is no statement or two have the same sid.
    """
    sids = [statement.sid for statement in statements]
    repeated = sorted({sid for sid in sids if sids.count(sid) > 1})
    if not statements:
        raise IllegalComposition("statements", "a policy without statements is refused by AWS", "add one, or no policy")
    if repeated:
        raise IllegalComposition("sid", f"{', '.join(repeated)} occurs twice", "give every statement a name of its own")
    return json.dumps({"Version": "2012-10-17", "Statement": [statement.document() for statement in statements]})


def policy_variable(name: str) -> str:
    """An IAM policy variable such as aws:PrincipalTag/team, escaped so that Terraform leaves it alone."""
    return "$${" + name + "}"


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    # AWS returns a list of one as a string; writing it so keeps the second plan empty.
    return values[0] if len(values) == 1 else list(values)
