"""VPC."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

from groundwork.environment import Environment
from stacks.platform_stack import PlatformStack


class NetworkStack(PlatformStack):
    """The VPC."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, environment, "network")
        self.vpc = Vpc(self, "vpc", cidr_block=environment.network.cidr)
