"""An AWS account and region, and the ARNs in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AwsScope:
    """Where resources are created. `dataclasses.replace` returns a scope for another account or region.

    `protect` prevents Terraform from destroying what holds data or other people's work.
    """

    account: str
    region: str
    protect: bool

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov, from the region."""
        return next((f"aws-{begin}" for begin in ("cn", "us-gov") if self.region.startswith(f"{begin}-")), "aws")

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """ARN of a resource in this account and region.

        `region` and `account` name others: `*` for any, empty where the service's ARNs have none.
        """
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def iam_arn(self, resource: str) -> str:
        """ARN in IAM, which has no regions; `resource` is for example role/NAME."""
        return self.arn("iam", resource, region="")

    def managed_policy_arn(self, name: str) -> str:
        """ARN of a policy that AWS manages."""
        return self.arn("iam", f"policy/{name}", region="", account="aws")

    def bucket_arn(self, name: str) -> str:
        """ARN of a bucket, which depends on its name only."""
        return self.arn("s3", name, region="", account="")

    @property
    def root(self) -> str:
        """ARN of the account's root, which stands for the whole account as a principal."""
        return self.iam_arn("root")

    def endpoint(self, service: str) -> str:
        """A service's name in this region, as kms:ViaService and regional principals have it."""
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        return f"{service}.{self.region}.{suffix}"
