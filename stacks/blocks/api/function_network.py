"""Where a Lambda function sits in a VPC and whom it may talk to from there."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.data_aws_ec2_managed_prefix_list import DataAwsEc2ManagedPrefixList
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from constructs import Construct

from stacks.blocks.network.security_rules import ANYWHERE, HTTPS, let_out
from stacks.values import AwsScope


class FunctionNetwork(Construct):
    """A security group that nothing gets in through, and that lets HTTPS out to S3 and DynamoDB alone.

    `internet` opens HTTPS to everywhere, for functions that call an API whose addresses nobody publishes.
    `endpoints_cidr` opens it to interface endpoints, which have addresses in this range.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        name: str,
        vpc_id: str,
        subnet_ids: Sequence[str],
        internet: bool = False,
        endpoints_cidr: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.subnet_ids = subnet_ids
        self.security_group = SecurityGroup(
            self,
            "security_group",
            name=name,
            description=f"Lambda function {name}: nothing in, HTTPS out",
            vpc_id=vpc_id,
        )
        if internet:
            why = "HTTPS to an API on the internet, whose addresses may change"
            let_out(self, "to_internet", self.security_group.id, why, cidr=ANYWHERE, ports=HTTPS)
            return
        if endpoints_cidr:
            why = "HTTPS to interface endpoints in the VPC"
            let_out(self, "to_endpoints", self.security_group.id, why, cidr=endpoints_cidr, ports=HTTPS)
        for service in ("s3", "dynamodb"):
            addresses = DataAwsEc2ManagedPrefixList(
                self, f"{service}_addresses", name=f"com.amazonaws.{aws.region}.{service}"
            )
            why = f"HTTPS to {service} in this region"
            let_out(self, f"to_{service}", self.security_group.id, why, prefix_list=addresses.id, ports=HTTPS)
