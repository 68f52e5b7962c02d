"""Who may do more than before: policies by meaning, attachments, access entries, grants, keys of users."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.review.risks import policies, widening
from groundwork.review.risks.policies import EVERYONE, Policy
from groundwork.review.risks.widening import Grant, Widening
from groundwork.review.values import at, blocks, strings

_SHOWN = 4
"""Grants that one sentence names; more are counted."""
# With these, who holds them can give themselves more, or read what is encrypted.
_POWERFUL = (
    "iam:passrole", "iam:create", "iam:put", "iam:attach", "iam:update", "iam:add", "iam:delete", "sts:assumerole",
    "kms:decrypt", "kms:creategrant", "kms:putkeypolicy", "kms:scheduledelet", "secretsmanager:getsecretvalue",
    "s3:putbucketpolicy", "s3:deletebucket", "lambda:updatefunctioncode", "lambda:addpermission", "organizations:",
    "ssm:sendcommand", "ssm:startsession", "ec2:runinstances", "cloudtrail:stop", "cloudtrail:delete",
    "dynamodb:deletetable", "rds:delete", "eks:createaccess", "eks:associateaccess",
)  # fmt: skip
_MANAGED_POWERFUL = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "FullAccess", "ClusterAdminPolicy")
_ACCOUNT = re.compile(r"arn:[\w-]+:(?:iam|sts)::(\d{12}):.*")
_OPEN_ACLS = {"public-read", "public-read-write", "authenticated-read"}
_ATTACHMENTS = {
    "aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment",
    "aws_iam_policy_attachment", "aws_eks_access_policy_association", "aws_ssoadmin_managed_policy_attachment",
}  # fmt: skip


def find(stack: StackComparison) -> Iterator[Risk]:
    """Every widening of a stack that is still there."""
    if stack.after is None:
        return
    yield from _policies(stack)
    for change in stack.changes:
        yield from _resource(change, stack)


# ── policy documents ───────────────────────────────────────────────────────────────────────────────
def _policies(stack: StackComparison) -> Iterator[Risk]:
    """Policies of both sides, also those whose own resource is untouched while a data source changed."""
    old, new = _by_group(policies.of(stack.base_resources)), _by_group(policies.of(stack.head_resources))
    changes = {change.resource.address: change for change in stack.changes}
    for group, listed in new.items():
        before = old.get(group, [])
        allowed = [statement for policy in before for statement in policy.statements]
        for number, policy in enumerate(listed):
            denied = allowed if number == 0 else []
            after = [statement for other in listed for statement in other.statements if statement.effect == "Deny"]
            own = [statement for statement in policy.statements if statement.effect != "Deny"]
            widened = widening.compare(allowed, [*own, *after], denied=denied)
            if widened.any:
                yield _finding(stack, changes, policy, widened, is_new=not before)
    for group in old.keys() - new.keys():
        yield from _removed(stack, changes, old[group])


def _by_group(listed: Iterator[Policy]) -> dict[str, list[Policy]]:
    grouped: dict[str, list[Policy]] = defaultdict(list)
    for policy in listed:
        grouped[policy.group].append(policy)
    return grouped


def _removed(stack: StackComparison, changes: dict[str, Change], listed: Sequence[Policy]) -> Iterator[Risk]:
    """A policy that is gone while what it protected stays: its denials are lost."""
    for policy in listed:
        protects = [
            address
            for address in stack.head_resources
            if any(f"{address}." in text for text in strings(dict(policy.resource.body)))
        ]
        stays = policy.resource.address in stack.head_resources or protects
        lost = widening.compare([], [], denied=policy.statements)
        if stays and lost.any:
            yield _finding(stack, changes, policy, lost, is_new=False)


def _finding(
    stack: StackComparison, changes: dict[str, Change], policy: Policy, widened: Widening, *, is_new: bool
) -> Risk:
    whose = {"trust": "the role's trust", "resource": "the policy on the resource", "identity": "the policy"}[
        policy.role
    ]
    boundary = policy.role == "identity" and _only_bounds(policy, stack)
    whose = "the permissions boundary" if boundary else whose
    sentences = []
    if widened.gained:
        verb = (
            "may now be assumed"
            if policy.role == "trust"
            else "lets through"
            if boundary
            else "newly allows"
            if is_new
            else "gains"
        )
        sentences.append(
            f"{whose} {verb}: {_grants(widened.gained)}" if policy.role != "trust" else _trust(widened.gained)
        )
    if widened.unconditioned:
        keys = sorted({key for _, lost in widened.unconditioned for key in lost})
        grants = _grants([grant for grant, _ in widened.unconditioned])
        sentences.append(f"{whose} loses or loosens the condition {', '.join(keys)} for {grants}")
    if widened.no_longer_denied:
        sentences.append(f"{whose} no longer denies {_grants(widened.no_longer_denied)}")
    severity = Severity.MEDIUM if boundary else _severity(policy, widened, _accounts(stack))
    sentence = "; ".join(sentences)
    change = changes.get(policy.resource.address)
    return Risk(
        concern=Concern.ACCESS,
        severity=severity,
        stack=stack.name,
        address=policy.resource.address,
        sentence=f"{sentence[0].upper()}{sentence[1:]}.",
        origin=change.resource.origin if change else policy.resource.origin,
    )


def _only_bounds(policy: Policy, stack: StackComparison) -> bool:
    """Whether a policy is the boundary of roles and attached to none: it limits, and grants nothing by itself."""
    address = f"{policy.resource.address}."
    bounds = False
    for resource in stack.head_resources.values():
        bounds = bounds or address in str(resource.body.get("permissions_boundary"))
        if resource.type in _ATTACHMENTS and address in str(resource.body.get("policy_arn")):
            return False
    return bounds


def _trust(gained: Sequence[Grant]) -> str:
    who = list(dict.fromkeys(_who(grant) for grant in gained))
    return f"the role may now be assumed by {_some(who)}"


def _grants(grants: Sequence[Grant]) -> str:
    """`s3:GetObject, s3:PutObject on X to Y; …`: grants on the same target are listed together."""
    by_target: dict[tuple[str, str], list[str]] = defaultdict(list)
    for grant in grants:
        by_target[_what(grant), _who(grant)].append(_actions(grant))
    listed = []
    for (what, who), actions in by_target.items():
        listed.append(
            f"{_some(list(dict.fromkeys(actions)))}{f' on {what}' if what else ''}{f' to {who}' if who else ''}"
        )
    return _some(listed, separator="; ")


def _some(words: Sequence[str], *, separator: str = ", ") -> str:
    rest = len(words) - _SHOWN
    return separator.join(words[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _actions(grant: Grant) -> str:
    listed = ", ".join(map(policies.shown, grant.actions.patterns[:_SHOWN]))
    return f"everything but {listed}" if grant.actions.inverted else listed


def _what(grant: Grant) -> str:
    listed = ", ".join(map(policies.shown, grant.resources.patterns[:_SHOWN]))
    if grant.resources.inverted:
        return f"everything but {listed}"
    if listed != "*":
        return listed
    return "every resource" if grant.principal is None else ""  # in a resource's own policy: the resource


def _who(grant: Grant) -> str:
    if grant.principal is None:
        return ""
    if grant.inverted_principal:
        return "everyone but those that are named"
    return "everyone" if grant.principal == EVERYONE else policies.shown(grant.principal[1])


def _accounts(stack: StackComparison) -> frozenset[str]:
    """The accounts that the stack's providers may act on; empty where they do not limit it."""
    providers = at(dict(stack.snapshot.settings), "provider") or {}
    listed = [provider.get("allowed_account_ids") or () for provider in blocks(providers.get("aws"))]
    return frozenset(str(account) for accounts in listed for account in accounts)


def _severity(policy: Policy, widened: Widening, accounts: frozenset[str]) -> Severity:
    grants = [*widened.gained, *(grant for grant, _ in widened.unconditioned)]
    if widened.no_longer_denied or any(_dangerous(policy, grant, accounts) for grant in grants):
        return Severity.HIGH
    if policy.role == "trust" and widened.unconditioned:
        return Severity.HIGH
    return Severity.MEDIUM


def _dangerous(policy: Policy, grant: Grant, accounts: frozenset[str]) -> bool:
    everyone = grant.inverted_principal or (grant.principal == EVERYONE and not grant.conditions)
    if everyone or _foreign(grant, accounts):
        return True
    if policy.role == "trust":
        # A service of AWS takes a role in the account's own name; everything else is somebody.
        return grant.principal is not None and grant.principal[0] != "Service"
    actions = grant.actions.compared
    if policy.role == "resource" and grant.principal and grant.principal[1].endswith(":root"):
        return False  # the account itself: its own policies decide who
    if grant.actions.inverted or any(action == "*" or action.endswith(":*") for action in actions):
        return True
    if policy.role == "identity" and (grant.resources.inverted or "*" in grant.resources.patterns):
        return any(_powerful(action) for action in actions)
    return any(_powerful(action) and "*" in action for action in actions)


def _foreign(grant: Grant, accounts: frozenset[str]) -> bool:
    """Whether a principal is of an account that the stack does not act on."""
    if grant.principal is None or grant.principal[0] != "AWS" or not accounts:
        return False
    account = _ACCOUNT.fullmatch(grant.principal[1])
    return account is not None and account[1] not in accounts


def _powerful(action: str) -> bool:
    stem = action.partition("*")[0]
    return any(stem.startswith(known) or (action.endswith("*") and known.startswith(stem)) for known in _POWERFUL)


# ── everything that grants without a document ──────────────────────────────────────────────────────
def _resource(change: Change, stack: StackComparison) -> Iterator[Risk]:
    after = change.after
    if after is None or after.is_data:
        return
    before = change.before.body if change.before else {}
    yield from _attached(change)
    if before.get("permissions_boundary") and not after.body.get("permissions_boundary"):
        yield _made(change, Severity.HIGH, "The permissions boundary is removed.")
    if _fresh(change, "acl") and after.body.get("acl") in _OPEN_ACLS:
        yield _made(change, Severity.HIGH, f"The ACL {after.body['acl']} lets everyone read.")
    yield from _by_type(change)
    for key in policies.unreadable(after, stack.head_resources):
        if _fresh(change, key):
            yield _made(change, Severity.MEDIUM, f"{key} changes to an expression whose result is not known here.")


def _attached(change: Change) -> Iterator[Risk]:
    after = change.after
    assert after is not None  # noqa: S101 - the caller checks it
    if after.type in _ATTACHMENTS and (_fresh(change, "policy_arn") or _fresh(change, "role")):
        yield _attachment(change, str(after.body.get("policy_arn", "")))
    old = change.before.body.get("managed_policy_arns") if change.before else None
    for arn in after.body.get("managed_policy_arns") or ():
        if arn not in (old or ()):
            yield _attachment(change, str(arn))


def _attachment(change: Change, arn: str) -> Risk:
    name = arn.rpartition("/")[2] if arn.startswith("arn:") else arn.removeprefix("${").removesuffix(".arn}")
    powerful = any(name.endswith(suffix) for suffix in _MANAGED_POWERFUL)
    return _made(change, Severity.HIGH if powerful else Severity.MEDIUM, f"The policy {name} is attached.")


def _by_type(change: Change) -> Iterator[Risk]:
    after = change.after
    assert after is not None  # noqa: S101 - the caller checks it
    body, added = after.body, change.kind == Kind.ADDED
    if after.type == "aws_lambda_permission" and any(_fresh(change, key) for key in ("principal", "source_arn")):
        principal = str(body.get("principal", ""))
        open_ = principal == "*" or not (body.get("source_arn") or body.get("source_account") or _of_organisation(body))
        severity = Severity.HIGH if open_ else Severity.LOW
        source = f" for {body['source_arn']}" if body.get("source_arn") else " whatever the source"
        yield _made(
            change, severity, f"{'Everyone' if principal == '*' else principal} may invoke the function{source}."
        )
    elif after.type == "aws_eks_access_entry":
        groups = [str(item) for item in body.get("kubernetes_groups") or ()]
        if added or _fresh(change, "kubernetes_groups") or _fresh(change, "principal_arn"):
            masters = "system:masters" in groups
            who = body.get("principal_arn", "")
            yield _made(
                change, Severity.HIGH if masters else Severity.MEDIUM, f"{_plain(who)} gets access to the cluster."
            )
    elif after.type in {"aws_iam_access_key", "aws_iam_user_login_profile"} and added:
        yield _made(change, Severity.HIGH, "A static credential is created; it does not expire.")
    elif after.type == "aws_iam_user" and added:
        yield _made(change, Severity.MEDIUM, "A user is created where roles serve without static keys.")
    elif after.type in {"aws_iam_openid_connect_provider", "aws_iam_saml_provider"} and (
        added or _fresh(change, "client_id_list") or _fresh(change, "url")
    ):
        yield _made(change, Severity.MEDIUM, "Identities of another provider may be trusted by roles of this account.")
    elif after.type == "aws_kms_grant" and (
        added or _fresh(change, "operations") or _fresh(change, "grantee_principal")
    ):
        operations = ", ".join(str(item) for item in body.get("operations") or ())
        yield _made(change, Severity.MEDIUM, f"A grant on a key allows {operations}.")
    elif after.type in {"aws_ram_principal_association", "aws_ssoadmin_account_assignment"} and added:
        yield _made(change, Severity.MEDIUM, "Somebody outside of this stack gets access.")


def _of_organisation(body: object) -> bool:
    """Whether a Lambda permission is limited to an organisation."""
    return bool(isinstance(body, dict) and body.get("principal_org_id"))


def _fresh(change: Change, key: str) -> bool:
    """Whether an attribute is set, and was not, or was different."""
    after = change.after.body.get(key) if change.after else None
    return after is not None and (change.before is None or change.before.body.get(key) != after)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else "(sensitive)"


def _made(change: Change, severity: Severity, sentence: str) -> Risk:
    return change.risk(Concern.ACCESS, severity, sentence)
