"""KMS key that makes and checks MACs: one group of roles makes them, one role checks them, nobody does both."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Principal, deny_everyone, policy_document
from stacks.blocks.security.encryption_key import ADMINISTER, key_grant
from stacks.values import AwsScope


class MacKey(Construct):
    """An HMAC_256 key. `makers` and `checkers` are ARNs of roles of the same account, which need not exist yet.

    The roles' own policies have to allow it too. Everybody else, administrators included, is refused explicitly, so
    that no wide policy lets anybody vouch for a plan; who may change the key's policy still could, and CloudTrail says
    so. Raises IllegalComposition for a role that is to do both: it could vouch for what it checks.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        alias: str,
        description: str,
        makers: Sequence[str],
        checkers: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        if both := sorted(set(makers) & set(checkers)):
            raise IllegalComposition(
                "checkers", f"{', '.join(both)} could vouch for what it checks", "leave it out of makers or checkers"
            )
        root = Principal(aws=[aws.root])
        uses = {"Generate": ("kms:GenerateMac", makers), "Verify": ("kms:VerifyMac", checkers)}
        self.key = KmsKey(
            self,
            "key",
            description=description,
            # KMS rotates no HMAC keys: a new one is made by hand, and plans that wait are then planned again.
            key_usage="GENERATE_VERIFY_MAC",
            customer_master_key_spec="HMAC_256",
            deletion_window_in_days=30 if aws.protect else 7,
            policy=policy_document(
                key_grant(sid="AccountAdministersKey", principal=root, actions=ADMINISTER),
                *(
                    key_grant(
                        sid=f"Roles{verb}",
                        principal=root,
                        actions=[action],
                        conditions={"ArnEquals": {"aws:PrincipalArn": roles}},
                    )
                    for verb, (action, roles) in uses.items()
                    if roles
                ),
                *(
                    deny_everyone(
                        f"NobodyElse{verb}",
                        [action],
                        resources=["*"],
                        conditions={"ArnNotEquals": {"aws:PrincipalArn": roles}} if roles else None,
                    )
                    for verb, (action, roles) in uses.items()
                ),
            ),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if aws.protect else None,
        )
        self.alias = KmsAlias(self, "alias", name=alias, target_key_id=self.key.key_id)

    @property
    def arn(self) -> str:
        """The key's ARN."""
        arn: str = self.key.arn
        return arn
