"""The VPC: zones, tiers, NAT, endpoints — or an existing VPC."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.values.types import Cidr, LogDays, Section

# EKS user guide, "Deploy private clusters with limited internet access", plus ec2 for the CNI and eks-auth for Pod
# Identity. S3, a gateway endpoint, holds the image layers of ECR.
NODES_NEED = frozenset({"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"})
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]


class ExistingNetwork(Section):
    """A VPC created elsewhere: the `network` stack then only passes on these ids."""

    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    cidr: Cidr
    """The VPC's own range; security groups refer to it."""
    private_subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=2)]
    """Subnets with a route to the internet, for nodes and functions."""
    public_subnet_ids: tuple[SubnetId, ...] = ()
    database_subnet_ids: tuple[SubnetId, ...] = ()
    intra_subnet_ids: tuple[SubnetId, ...] = ()
    """Subnets without a route to the internet, for the EKS control plane's interfaces. Empty: the private ones."""


class Network(Section):
    """The VPC of the `network` stack."""

    cidr: Cidr = "10.0.0.0/16"
    """The range that the subnets of every tier are cut from: a /16 to a /20."""
    zones: Annotated[int, Field(ge=2, le=3)] = 3
    """Availability zones; EKS and RDS need at least two."""
    zone_names: tuple[Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")], ...] = ()
    """The zones by name, as many as `zones`; empty: the region's first ones. They are not looked up, so that a plan
    needs no account, and a zone that AWS adds never moves a subnet."""
    nat: Literal["none", "single", "per_zone"] = "per_zone"
    """`none`: only endpoints lead out. `single`: cheap, but when its zone fails, no zone has internet access.
    `per_zone`: highly available."""
    flow_log_days: LogDays = 365
    """Days that flow logs are kept."""
    flow_logs: Literal["cloudwatch", "s3"] = "cloudwatch"
    """Where flow logs go: to a log group, where they are searched at once, or as Parquet files to a bucket, which costs
    a fraction."""
    gateway_endpoints: tuple[Literal["s3", "dynamodb"], ...] = ("s3", "dynamodb")
    """Free endpoints that keep S3 and DynamoDB traffic inside AWS."""
    endpoint_preset: Literal["none", "private_nodes"] = "none"
    """`private_nodes`: all interface endpoints that nodes need without NAT, besides `interface_endpoints`."""
    interface_endpoints: tuple[str, ...] = ()
    """Paid endpoints by service name, for example ecr.api; required for private nodes when `nat` is `none`. With
    `existing`, none is made, and these are those that the VPC has."""
    existing: ExistingNetwork | None = None
    """An existing VPC to use instead of creating one."""

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Every interface endpoint by service name, those of the preset included."""
        preset = NODES_NEED if self.endpoint_preset == "private_nodes" else ()
        return tuple(dict.fromkeys((*self.interface_endpoints, *sorted(preset))))

    @model_validator(mode="after")
    def _named(self) -> Network:
        if self.zone_names and len(set(self.zone_names)) != self.zones:
            raise ValueError(f"zone_names: {len(set(self.zone_names))} different names for {self.zones} zones")
        return self

    @model_validator(mode="after")
    def _sizes(self) -> Network:
        prefix = ipaddress.IPv4Network(self.cidr).prefixlen
        if not 16 <= prefix <= 20:
            raise ValueError(f"cidr: {self.cidr} is a /{prefix}; four tiers over three zones need a /16 to a /20")
        return self
