"""Access that somebody gains: by the meaning of policies, attachments, access entries, grants and users' keys."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.review.risks import policies, widening
from groundwork.review.risks.policies import EVERYONE, Policy
from groundwork.review.risks.widening import Grant, Widening
from groundwork.review.values import Value, blocks, plain, strings, value_at

_SHOWN = 4
"""The most grants that one sentence names; further ones are counted."""
# Actions with which somebody can gain more permissions, read encrypted data, or destroy data and its records.
_POWERFUL = (
    "iam:passrole", "iam:create", "iam:put", "iam:attach", "iam:update", "iam:add", "iam:delete", "sts:assumerole",
    "kms:decrypt", "kms:creategrant", "kms:putkeypolicy", "kms:scheduledelet", "secretsmanager:getsecretvalue",
    "s3:putbucketpolicy", "s3:deletebucket", "lambda:updatefunctioncode", "lambda:addpermission", "organizations:",
    "ssm:sendcommand", "ssm:startsession", "ec2:runinstances", "cloudtrail:stop", "cloudtrail:delete",
    "dynamodb:deletetable", "rds:delete", "eks:createaccess", "eks:associateaccess",
)  # fmt: skip
# Actions that change content: usual on a resource that is named, and on every resource a way into all of them.
_WRITING = (
    "s3:putobject", "s3:deleteobject", "dynamodb:putitem", "dynamodb:updateitem", "dynamodb:deleteitem",
    "dynamodb:batchwrite", "sqs:purgequeue", "ecr:putimage", "ssm:putparameter", "secretsmanager:putsecretvalue",
    "lambda:invokefunction",
)  # fmt: skip
_BROAD = re.compile(r"\*|arn:[^:]*:s3:::\*(/\*)?|arn:[^:]*:(?!s3:)[^:]*:[^:]*:[^:]*:([\w-]+[/:])?\*")
"""Every resource, or every one of a type: `*`, `arn:aws:iam::111111111111:role/*`, `arn:aws:s3:::*`."""
_MANAGED_POWERFUL = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "FullAccess", "ClusterAdminPolicy")
_ACCOUNT = re.compile(r"arn:[\w-]+:(?:iam|sts)::(\d{12}):.*")
_OPEN_ACLS = {"public-read", "public-read-write", "authenticated-read"}
_ATTACHMENTS = {
    "aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment",
    "aws_iam_policy_attachment", "aws_eks_access_policy_association", "aws_ssoadmin_managed_policy_attachment",
}  # fmt: skip


def find(stack: StackComparison) -> Iterator[Risk]:
    """Every widening in a stack, unless the stack is removed."""
    if stack.after is None:
        return
    yield from _policies(stack)
    for change in stack.changes:
        yield from _resource(change, stack)


# ── policy documents ───────────────────────────────────────────────────────────────────────────────
def _policies(stack: StackComparison) -> Iterator[Risk]:
    """Compares all policies, because a policy also changes through a data source while its resource does not."""
    old, new = _by_group(policies.of(stack.base_resources)), _by_group(policies.of(stack.head_resources))
    changes = {change.resource.address: change for change in stack.changes}
    for group, policies_of_group in new.items():
        before = old.get(group, [])
        if [policy.statements for policy in before] == [policy.statements for policy in policies_of_group]:
            continue  # comparing every statement with every other one takes seconds
        statements = [statement for policy in before for statement in policy.statements]
        denials = [
            statement for policy in policies_of_group for statement in policy.statements if statement.effect == "Deny"
        ]
        for number, policy in enumerate(policies_of_group):
            own = [statement for statement in policy.statements if statement.effect != "Deny"]
            # Lost denials are reported once for the group, at its first policy.
            widened = widening.compare(statements, [*own, *denials], denied=statements if number == 0 else [])
            if widened.any:
                yield _policy_risk(stack, changes, policy, widened, is_new=not before)
    for group in old.keys() - new.keys():
        yield from _removed(stack, changes, old[group])


def _by_group(all_policies: Iterator[Policy]) -> dict[str, list[Policy]]:
    grouped: dict[str, list[Policy]] = defaultdict(list)
    for policy in all_policies:
        grouped[policy.group].append(policy)
    return grouped


def _removed(stack: StackComparison, changes: dict[str, Change], removed: Sequence[Policy]) -> Iterator[Risk]:
    """Denials of a removed policy, where the resource that it protected remains."""
    for policy in removed:
        protects = [
            address
            for address in stack.head_resources
            if any(f"{address}." in text for text in strings(dict(policy.resource.body)))
        ]
        stays = policy.resource.address in stack.head_resources or protects
        lost = widening.compare([], [], denied=policy.statements)
        if stays and lost.any:
            yield _policy_risk(stack, changes, policy, lost, is_new=False)


def _policy_risk(
    stack: StackComparison, changes: dict[str, Change], policy: Policy, widened: Widening, *, is_new: bool
) -> Risk:
    is_boundary = policy.role == "identity" and _is_only_boundary(policy, stack)
    titles = {"trust": "the role's trust", "resource": "the policy on the resource", "identity": "the policy"}
    title = "the permissions boundary" if is_boundary else titles[policy.role]
    sentences = []
    if widened.gained:
        verb = "lets through" if is_boundary else "newly allows" if is_new else "gains"
        is_trust = policy.role == "trust"
        sentences.append(_trust(widened.gained) if is_trust else f"{title} {verb}: {_grants(widened.gained)}")
    if widened.unconditioned:
        keys = sorted({key for _, lost in widened.unconditioned for key in lost})
        grants = _grants([grant for grant, _ in widened.unconditioned])
        sentences.append(f"{title} loses or loosens the condition {', '.join(keys)} for {grants}")
    if widened.no_longer_denied:
        sentences.append(f"{title} no longer denies {_grants(widened.no_longer_denied)}")
    severity = Severity.MEDIUM if is_boundary else _severity(policy, widened, _accounts(stack))
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


def _is_only_boundary(policy: Policy, stack: StackComparison) -> bool:
    """Whether a policy is a permissions boundary and not attached to a role: it limits and grants nothing itself."""
    address = f"{policy.resource.address}."
    is_boundary = False
    for resource in stack.head_resources.values():
        is_boundary = is_boundary or address in str(resource.body.get("permissions_boundary"))
        if resource.type in _ATTACHMENTS and address in str(resource.body.get("policy_arn")):
            return False
    return is_boundary


def _trust(gained: Sequence[Grant]) -> str:
    who = list(dict.fromkeys(_who(grant) for grant in gained))
    return f"the role may now be assumed by {_some(who)}"


def _grants(grants: Sequence[Grant]) -> str:
    """`s3:GetObject, s3:PutObject on X to Y; …`: grants on the same target are listed together."""
    by_target: dict[tuple[str, str], list[str]] = defaultdict(list)
    for grant in grants:
        by_target[_what(grant), _who(grant)].append(_actions(grant))
    phrases = [
        f"{_some(list(dict.fromkeys(actions)))}{f' on {what}' if what else ''}{f' to {who}' if who else ''}"
        for (what, who), actions in by_target.items()
    ]
    return _some(phrases, separator="; ")


def _some(words: Sequence[str], *, separator: str = ", ") -> str:
    rest = len(words) - _SHOWN
    return separator.join(words[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _actions(grant: Grant) -> str:
    actions = ", ".join(map(policies.shown, grant.actions.patterns[:_SHOWN]))
    return f"everything but {actions}" if grant.actions.inverted else actions


def _what(grant: Grant) -> str:
    resources = ", ".join(map(policies.shown, grant.resources.patterns[:_SHOWN]))
    if grant.resources.inverted:
        return f"everything but {resources}"
    if resources != "*":
        return resources
    return "every resource" if grant.principal is None else ""  # in a resource's own policy: the resource


def _who(grant: Grant) -> str:
    if grant.principal is None:
        return ""
    if grant.inverted_principal:
        return "everyone but the named principals"
    if grant.principal != EVERYONE:
        return policies.shown(grant.principal[1])
    limits = dict.fromkeys(f"{key} {operator} {', '.join(values)}" for operator, key, values in grant.conditions)
    return f"everyone, limited by {' and '.join(map(policies.shown, limits))}" if limits else "everyone"


def _accounts(stack: StackComparison) -> frozenset[str]:
    """The accounts that the stack's providers may act on; empty where the providers do not limit them."""
    providers = blocks(value_at(dict(stack.snapshot.settings), "provider", "aws"))
    return frozenset(str(account) for provider in providers for account in provider.get("allowed_account_ids") or ())


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
        # A service of AWS acts for this account; every other principal may be somebody else.
        return grant.principal is not None and grant.principal[0] != "Service"
    actions = grant.actions.compared
    if policy.role == "resource" and grant.principal and grant.principal[1].endswith(":root"):
        return False  # the account itself, whose own policies decide
    if grant.actions.inverted or any(action == "*" or action.endswith(":*") for action in actions):
        return True
    if policy.role == "identity" and (grant.resources.inverted or any(map(_BROAD.fullmatch, grant.resources.patterns))):
        return any(_among(_POWERFUL, action) or _among(_WRITING, action) for action in actions)
    return any(_among(_POWERFUL, action) and "*" in action for action in actions)


def _foreign(grant: Grant, accounts: frozenset[str]) -> bool:
    """Whether a principal belongs to an account that the stack does not act on."""
    if grant.principal is None or grant.principal[0] != "AWS" or not accounts:
        return False
    account = _ACCOUNT.fullmatch(grant.principal[1])
    return account is not None and account[1] not in accounts


def _among(listed: Sequence[str], action: str) -> bool:
    stem = action.partition("*")[0]
    return any(stem.startswith(known) or (action.endswith("*") and known.startswith(stem)) for known in listed)


# ── resources that grant access without a policy document ──────────────────────────────────────────
def _resource(change: Change, stack: StackComparison) -> Iterator[Risk]:
    after = change.after
    if after is None or after.is_data:
        return
    before = change.before.body if change.before else {}
    yield from _attached(change)
    yield from _limits(change, before, after.body)
    if _is_set(change, "acl") and after.body.get("acl") in _OPEN_ACLS:
        yield _risk(change, Severity.HIGH, f"The ACL {after.body['acl']} lets everyone read.")
    yield from _by_type(change)
    for key in policies.unreadable(after, stack.head_resources):
        if _is_set(change, key):
            yield _risk(change, Severity.MEDIUM, f"{key} changes to an expression whose result is unknown until apply.")


def _limits(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    """The boundary of a role or user, and how long a session of a role lasts (3,600 s by default)."""
    was, now = before.get("permissions_boundary"), after.get("permissions_boundary")
    if was and not now:
        yield _risk(change, Severity.HIGH, "The permissions boundary is removed.")
    elif was and was != now:
        yield _risk(change, Severity.HIGH, f"The permissions boundary becomes {plain(now)} instead of {plain(was)}.")
    if change.resource.type == "aws_iam_role" and change.before:
        old, new = before.get("max_session_duration") or 3600, after.get("max_session_duration") or 3600
        if isinstance(old, int) and isinstance(new, int) and new > old:
            yield _risk(change, Severity.MEDIUM, f"A session of the role lasts up to {new} s instead of {old} s.")


def _attached(change: Change) -> Iterator[Risk]:
    after = change.after
    assert after is not None  # noqa: S101 - the caller checks it
    if after.type in _ATTACHMENTS and (_is_set(change, "policy_arn") or _is_set(change, "role")):
        yield _attachment(change, str(after.body.get("policy_arn", "")))
    old = change.before.body.get("managed_policy_arns") if change.before else None
    for arn in after.body.get("managed_policy_arns") or ():
        if arn not in (old or ()):
            yield _attachment(change, str(arn))


def _attachment(change: Change, arn: str) -> Risk:
    name = arn.rpartition("/")[2] if arn.startswith("arn:") else arn.removeprefix("${").removesuffix(".arn}")
    powerful = any(name.endswith(suffix) for suffix in _MANAGED_POWERFUL)
    return _risk(change, Severity.HIGH if powerful else Severity.MEDIUM, f"The policy {name} is attached.")


def _by_type(change: Change) -> Iterator[Risk]:
    after = change.after
    assert after is not None  # noqa: S101 - the caller checks it
    body, added = after.body, change.kind == Kind.ADDED
    if after.type == "aws_lambda_permission" and any(_is_set(change, key) for key in ("principal", "source_arn")):
        principal = str(body.get("principal", ""))
        limited = any(body.get(key) for key in ("source_arn", "source_account", "principal_org_id"))
        severity = Severity.LOW if limited and principal != "*" else Severity.HIGH
        source = f" for {body['source_arn']}" if body.get("source_arn") else " whatever the source"
        yield _risk(
            change, severity, f"{'Everyone' if principal == '*' else principal} may invoke the function{source}."
        )
    elif after.type == "aws_eks_access_entry":
        groups = [str(item) for item in body.get("kubernetes_groups") or ()]
        if added or _is_set(change, "kubernetes_groups") or _is_set(change, "principal_arn"):
            masters = "system:masters" in groups
            who = body.get("principal_arn", "")
            yield _risk(
                change, Severity.HIGH if masters else Severity.MEDIUM, f"{plain(who)} gets access to the cluster."
            )
    elif after.type in {"aws_iam_access_key", "aws_iam_user_login_profile"} and added:
        yield _risk(change, Severity.HIGH, "A static credential is created; it does not expire.")
    elif after.type == "aws_iam_user" and added:
        yield _risk(change, Severity.MEDIUM, "A user is created; roles need no static keys.")
    elif after.type in {"aws_iam_openid_connect_provider", "aws_iam_saml_provider"} and (
        added or _is_set(change, "client_id_list") or _is_set(change, "url")
    ):
        yield _risk(change, Severity.MEDIUM, "Identities of another provider may be trusted by roles of this account.")
    elif after.type == "aws_kms_grant" and (
        added or _is_set(change, "operations") or _is_set(change, "grantee_principal")
    ):
        operations = ", ".join(str(item) for item in body.get("operations") or ())
        yield _risk(change, Severity.MEDIUM, f"A grant on a key allows {operations}.")
    elif after.type in {"aws_ram_principal_association", "aws_ssoadmin_account_assignment"} and added:
        yield _risk(change, Severity.MEDIUM, "Somebody outside this stack gets access.")


def _is_set(change: Change, key: str) -> bool:
    """Whether the change sets an attribute that was absent or different before."""
    after = change.after.body.get(key) if change.after else None
    return after is not None and (change.before is None or change.before.body.get(key) != after)


def _risk(change: Change, severity: Severity, sentence: str) -> Risk:
    return change.risk(Concern.ACCESS, severity, sentence)
