"""The VPC everything runs in: four tiers over two or three zones, or an existing VPC brought along."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.db_subnet_group import DbSubnetGroup
from constructs import Construct

from stacks.blocks.network.address_plan import Tier, subnet_plan, zone_names
from stacks.blocks.network.flow_log_archive import FlowLogArchive
from stacks.blocks.network.flow_logs import FlowLogs
from stacks.blocks.network.locked_vpc import LockedVpc
from stacks.blocks.network.nat import InternetAccess, NatGateways
from stacks.blocks.network.subnet_tier import SubnetTier
from stacks.blocks.network.vpc_endpoints import VpcEndpoints, check_nodes_reach_aws
from stacks.platform_stack import PlatformStack
from stacks.values import Environment


class NetworkStack(PlatformStack):
    """VPC, subnets, ways out, endpoints and flow logs.

    Later stacks read `vpc_id`, `vpc_cidr`, `public_subnet_ids`, `private_subnet_ids`, `database_subnet_ids` and
    `intra_subnet_ids`, which are the same whether the VPC is made here or was brought along (`network.existing`).
    """

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, environment, "network")
        if environment.network.existing:
            self._adopt()
        else:
            self._build()
        self.add_outputs(vpc_id=self.vpc_id, private_subnet_ids=self.private_subnet_ids)

    def _adopt(self) -> None:
        existing = self.environment.network.existing
        assert existing is not None  # noqa: S101 - __init__ asked
        self.vpc_id: str = existing.vpc_id
        self.vpc_cidr = existing.cidr
        self.public_subnet_ids = list(existing.public_subnet_ids)
        self.private_subnet_ids = list(existing.private_subnet_ids)
        self.database_subnet_ids = list(existing.database_subnet_ids)
        self.intra_subnet_ids = list(existing.intra_subnet_ids or existing.private_subnet_ids)

    def _build(self) -> None:
        environment, values = self.environment, self.environment.network
        cluster = environment.cluster
        if cluster.nodes == "auto_mode" or cluster.node_groups or cluster.fargate_profiles:
            check_nodes_reach_aws(values.nat, gateways=values.gateway_endpoints, interfaces=values.interfaces)
        self.vpc = LockedVpc(self, "vpc", name=self.names.of("vpc"), cidr=values.cidr)
        self.vpc_id = self.vpc.id
        self.vpc_cidr = values.cidr
        public, private, database, intra = (
            self._tier("public", tags={"kubernetes.io/role/elb": "1"}),
            self._tier(
                "private",
                route_table_per_zone=True,
                tags={"kubernetes.io/role/internal-elb": "1", "karpenter.sh/discovery": self.names.cluster},
            ),
            self._tier("database"),
            self._tier("intra"),
        )
        self.public_subnet_ids, self.private_subnet_ids = public.ids, private.ids
        self.database_subnet_ids, self.intra_subnet_ids = database.ids, intra.ids
        # Also without NAT: the internet reaches load balancers in the public tier, while nothing private gets out.
        internet = InternetAccess(self, "internet", vpc_id=self.vpc_id, name=self.names.of("internet"), public=public)
        if values.nat != "none":
            NatGateways(
                self,
                "nat",
                name=self.names.of("nat"),
                mode=values.nat,
                public=public,
                private=private,
                internet=internet,
            )
        VpcEndpoints(
            self,
            "endpoints",
            aws=self.aws,
            vpc_id=self.vpc_id,
            vpc_cidr=values.cidr,
            name=self.names.prefix,
            gateways=values.gateway_endpoints,
            route_table_ids=[table.id for tier in (private, database, intra) for table in tier.route_tables],
            interfaces=values.interfaces,
            subnet_ids=private.ids,
        )
        flow_logs = FlowLogs if values.flow_logs == "cloudwatch" else FlowLogArchive
        flow_logs(self, "flow_logs", vpc_id=self.vpc_id, names=self.names, retention_days=values.flow_log_days)
        DbSubnetGroup(
            self,
            "database_subnets",
            name=self.names.database_subnets,
            description="Subnets for databases, without a way out",
            subnet_ids=database.ids,
        )

    def _tier(
        self, tier: Tier, *, route_table_per_zone: bool = False, tags: dict[str, str] | None = None
    ) -> SubnetTier:
        values = self.environment.network
        return SubnetTier(
            self,
            tier,
            vpc_id=self.vpc_id,
            name=self.names.of(tier),
            zones=zone_names(self.aws.region, values.zones, values.zone_names),
            cidrs=subnet_plan(values.cidr, values.zones)[tier],
            route_table_per_zone=route_table_per_zone,
            tags=tags,
        )
