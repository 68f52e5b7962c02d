"""VPC whose defaults let nothing through: what is not placed on purpose cannot talk to anything."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.default_route_table import DefaultRouteTable
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct


class LockedVpc(Construct):
    """A VPC with DNS. Its default security group has no rules and its default route table no routes.

    The default network ACL is left as AWS makes it: subnets without an ACL of their own use it, and security groups are
    where this platform decides who talks to whom.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, cidr: str) -> None:
        super().__init__(scope, id_)
        tags = {"Name": name}
        self.vpc = Vpc(self, "vpc", cidr_block=cidr, enable_dns_support=True, enable_dns_hostnames=True, tags=tags)
        self.default_security_group = DefaultSecurityGroup(
            self, "default_security_group", vpc_id=self.vpc.id, tags={"Name": f"{name}-default-unused"}
        )
        # An empty list takes the routes away; leaving `route` out would keep whatever is there.
        self.default_route_table = DefaultRouteTable(
            self,
            "default_route_table",
            default_route_table_id=self.vpc.default_route_table_id,
            route=[],
            tags={"Name": f"{name}-default-unused"},
        )

    @property
    def id(self) -> str:
        """The VPC's id."""
        id_: str = self.vpc.id
        return id_
