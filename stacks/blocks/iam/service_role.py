"""IAM role for one AWS service: a trust that no other account can borrow, and only the permissions that are named."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformProvider, TerraformStack
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Principal, Statement, policy_document

# These assume roles without a source account (their guides' trust policies have no condition): it would lock them out.
_WITHOUT_SOURCE = frozenset(
    {"apigateway.amazonaws.com", "cloudtrail.amazonaws.com", "ec2.amazonaws.com", "ecr.amazonaws.com"}
)


class ServiceRole(Construct):
    """A role that `service` may assume for `source_account`, narrowed to `source_arns` (may hold *) where given.

    `trust_actions` is `sts:AssumeRole`, and `sts:TagSession` too for EKS Pod Identity. A role is bounded as its stack
    says (`PlatformStack.role_boundary`), unless another boundary is named. Permissions are added by `allow` and
    `attach`. Raises IllegalComposition where the service does not send the source that is asked for.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        service: str,
        source_account: str | None,
        source_arns: Sequence[str] = (),
        trust_actions: Sequence[str] = ("sts:AssumeRole",),
        permissions_boundary: str | None = None,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if (source_account is None) != (service in _WITHOUT_SOURCE):
            raise IllegalComposition(
                "source_account",
                f"{service} {'does not send' if source_account else 'sends'} aws:SourceAccount",
                "pass None" if source_account else "pass the account's number, so that no other account can borrow it",
            )
        conditions: dict[str, dict[str, str | Sequence[str]]] = {}
        if source_account:
            conditions["StringEquals"] = {"aws:SourceAccount": source_account}
        if source_arns:
            conditions["ArnLike"] = {"aws:SourceArn": source_arns}
        self._provider = provider
        self.role = IamRole(
            self,
            "role",
            name=name,
            description=description,
            assume_role_policy=policy_document(
                Statement(
                    sid="ServiceAssumes",
                    principal=Principal(services=[service]),
                    actions=trust_actions,
                    conditions=conditions,
                )
            ),
            permissions_boundary=permissions_boundary or getattr(TerraformStack.of(self), "role_boundary", None),
            provider=provider,
        )

    @property
    def arn(self) -> str:
        """The role's ARN."""
        arn: str = self.role.arn
        return arn

    def allow(self, id_: str, *statements: Statement) -> IamRolePolicy:
        """Add an inline policy called `id_` that holds the statements."""
        return IamRolePolicy(
            self, id_, name=id_, role=self.role.id, policy=policy_document(*statements), provider=self._provider
        )

    def attach(self, id_: str, policy_arn: str) -> IamRolePolicyAttachment:
        """Attach a managed policy. AWS's own are often wider than needed: prefer `allow`."""
        return IamRolePolicyAttachment(self, id_, role=self.role.name, policy_arn=policy_arn, provider=self._provider)
