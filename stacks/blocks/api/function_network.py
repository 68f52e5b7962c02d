"""Where a Lambda function sits in a VPC and whom it may talk to from there."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.data_aws_ec2_managed_prefix_list import DataAwsEc2ManagedPrefixList
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from constructs import Construct

from stacks.values import AwsScope


class FunctionNetwork(Construct):
    """A security group that nothing gets in through, and that lets HTTPS out to S3 and DynamoDB alone.

    `internet` opens HTTPS to everywhere, for functions that call an API whose addresses nobody publishes.
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
            self._https_out("internet", "an API on the internet, whose addresses may change", cidr="0.0.0.0/0")
            return
        for service in ("s3", "dynamodb"):
            addresses = DataAwsEc2ManagedPrefixList(
                self, f"{service}_addresses", name=f"com.amazonaws.{aws.region}.{service}"
            )
            self._https_out(service, f"{service} in this region", prefix_list=addresses.id)

    def _https_out(self, id_: str, whom: str, *, cidr: str | None = None, prefix_list: str | None = None) -> None:
        VpcSecurityGroupEgressRule(
            self,
            f"to_{id_}",
            security_group_id=self.security_group.id,
            description=f"HTTPS to {whom}",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=cidr,
            prefix_list_id=prefix_list,
        )
