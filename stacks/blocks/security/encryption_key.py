"""KMS key with an alias, yearly rotation, and a policy that leaves day-to-day access to IAM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cdktf import TerraformProvider, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Conditions, Principal, Statement, policy_document
from stacks.values import AwsScope

THIS_KEY_ONLY = "in a key policy * means the key that the policy belongs to"
USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
"""What AWS lists for users of a key (KMS developer guide, "Allows key users to use the KMS key")."""
# The same guide's list for administrators, in place of kms:*.
ADMINISTER = (
    "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
    "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion", "kms:RotateKeyOnDemand",
)  # fmt: skip


class Key(Protocol):
    """Anything that stands for a KMS key: one that a stack makes or an existing one."""

    @property
    def arn(self) -> str:
        """The key's ARN (of the key, not of an alias)."""


@dataclass(frozen=True)
class ExistingKey:
    """A KMS key made elsewhere; its policy must already allow what the stack needs."""

    arn: str


class EncryptionKey(Construct):
    """A customer-managed key. `alias` begins with alias/ (see `Names.alias`); `statements` extend the key's policy.

    The account's IAM policies decide who may administer and use it. Where `aws` protects, Terraform never destroys
    it, and a deletion can be undone for 30 days instead of 7.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        alias: str,
        description: str,
        statements: Sequence[Statement] = (),
        rotation_days: int = 365,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if not alias.startswith("alias/"):
            raise IllegalComposition("alias", f"{alias!r} does not begin with alias/", "use Names.alias(…)")
        root = Principal(aws=[aws.root])
        self.key = KmsKey(
            self,
            "key",
            description=description,
            enable_key_rotation=True,
            rotation_period_in_days=rotation_days,
            deletion_window_in_days=30 if aws.protect else 7,
            policy=policy_document(
                key_grant(sid="AccountAdministersKey", principal=root, actions=ADMINISTER),
                key_grant(sid="IamDecidesWhoUsesKey", principal=root, actions=[*USE, "kms:CreateGrant"]),
                *statements,
            ),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if aws.protect else None,
            provider=provider,
        )
        self.arn: str = self.key.arn
        self.alias = KmsAlias(self, "alias", name=alias, target_key_id=self.key.key_id, provider=provider)


def make_or_use(
    scope: Construct,
    id_: str,
    *,
    existing: str | None,
    aws: AwsScope,
    alias: str,
    description: str,
    statements: Sequence[Statement] = (),
    provider: TerraformProvider | None = None,
) -> Key:
    """The key with the ARN `existing`, or else a new one."""
    if existing:
        return ExistingKey(existing)
    return EncryptionKey(
        scope, id_, aws=aws, alias=alias, description=description, statements=statements, provider=provider
    )


def key_grant(
    *,
    sid: str,
    principal: Principal,
    actions: Sequence[str],
    conditions: Conditions | None = None,
) -> Statement:
    """Key-policy statement: `principal` may do `actions` with the key that the policy belongs to."""
    return Statement(
        sid=sid,
        principal=principal,
        actions=actions,
        resources=["*"],
        any_resource_because=THIS_KEY_ONLY,
        conditions=conditions or {},
    )


def key_use(*, sid: str, services: Sequence[str], account: str, actions: Sequence[str] = USE) -> Statement:
    """Key-policy statement: services may use the key on behalf of this account and no other."""
    return key_grant(
        sid=sid,
        principal=Principal(services=services),
        actions=actions,
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )


def use_by_alias(
    aws: AwsScope,
    alias: str,
    *,
    sid: str,
    actions: Sequence[str],
    existing: str | None = None,
    conditions: Conditions | None = None,
) -> Statement:
    """Statement for a role: it may do `actions` with the key that `alias` names, or with the one that exists already.

    A new key's id is not known before it is made, and policies do not take an alias as resource.
    """
    if existing:
        return Statement(sid=sid, actions=actions, resources=[existing], conditions=conditions or {})
    return Statement(
        sid=sid,
        actions=actions,
        resources=[aws.arn("kms", "key/*")],
        conditions={**(conditions or {}), "ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}},
    )


def logs_key_use(aws: AwsScope, *log_groups: str) -> Statement:
    """Key-policy statement: CloudWatch Logs may use the key for log groups named like `log_groups` (may hold *)."""
    return key_grant(
        sid="CloudWatchLogsUsesKey",
        principal=Principal(services=[aws.endpoint("logs")]),
        actions=USE,
        conditions={
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": [aws.arn("logs", f"log-group:{group}") for group in log_groups]
            }
        },
    )
