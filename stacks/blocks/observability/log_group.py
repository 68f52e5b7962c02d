"""CloudWatch log group: encrypted, and kept for a stated time."""

from __future__ import annotations

from cdktf import TerraformProvider
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from stacks.blocks.security.encryption_key import Key


class LogGroup(Construct):
    """A log group, made before whatever writes to it, so that AWS never makes an unencrypted one that lasts for ever.

    The key's policy has to let CloudWatch Logs use it: `encryption_key.logs_key_use`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        key: Key,
        retention_days: int = 365,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.group = CloudwatchLogGroup(
            self, "group", name=name, kms_key_id=key.arn, retention_in_days=retention_days, provider=provider
        )

    @property
    def name(self) -> str:
        """The group's name, as a reference to the resource."""
        name: str = self.group.name
        return name

    @property
    def arn(self) -> str:
        """The group's ARN, without the trailing :*."""
        arn: str = self.group.arn
        return arn
