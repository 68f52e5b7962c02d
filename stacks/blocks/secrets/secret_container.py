"""Secret whose value is put in by hand: Terraform makes the container, and no state ever holds what is inside."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret
from constructs import Construct

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.waivers import waive
from stacks.values import AwsScope


class SecretContainer(Construct):
    """An empty secret called `name`, encrypted with `key`. Where `aws` protects, 30 days remain to undo a deletion.

    Without `key` it is AWS's own, aws/secretsmanager, for readers that may use no other.
    """

    def __init__(
        self, scope: Construct, id_: str, *, aws: AwsScope, name: str, description: str, key: Key | None
    ) -> None:
        super().__init__(scope, id_)
        self._aws, self._key = aws, key
        self.secret = SecretsmanagerSecret(
            self,
            "secret",
            name=name,
            description=description,
            kms_key_id=key.arn if key else None,
            recovery_window_in_days=30 if aws.protect else 0,
        )
        waive(
            self.secret,
            "CKV2_AWS_57",
            reason="The value is issued by somebody else's service, which has no call to rotate it; people replace it.",
        )
        if not key:
            waive(self.secret, "CKV_AWS_149", reason="The AWS service that reads it supports AWS's own key only.")

    def read(self) -> list[Statement]:
        """What a function needs to read the value."""
        value = Statement(sid="ReadSecret", actions=["secretsmanager:GetSecretValue"], resources=[self.secret.arn])
        if not self._key:
            return [value]  # the policy of AWS's own key lets every role of the account use it for that
        return [
            value,
            Statement(
                sid="UseKeyThroughSecretsManager",
                actions=["kms:Decrypt"],
                resources=[self._key.arn],
                conditions={"StringEquals": {"kms:ViaService": self._aws.endpoint("secretsmanager")}},
            ),
        ]
