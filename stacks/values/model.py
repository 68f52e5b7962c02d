"""An environment as a frozen, typed value: the content of environments/<name>.yaml, validated."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stacks.values.accounts import Accounts, Singletons
from stacks.values.api import Api
from stacks.values.archive import Archive
from stacks.values.cluster import Cluster
from stacks.values.data import Data
from stacks.values.delivery import Delivery
from stacks.values.keys import Keys
from stacks.values.network import Network
from stacks.values.reviewers import Reviewers
from stacks.values.state import State
from stacks.values.types import Region, Section, Slug
from stacks.values.workloads import Workload

# No AWS account has this number, so a laptop plan can never match a real one.
LAPTOP_ACCOUNT = "000000000000"


class Environment(Section):
    """One environment. `name` is the file's name; every stack is called `<name>-<stack>`."""

    name: Slug
    organisation: Slug
    """Beginning of every globally unique name."""
    region: Region
    target: Literal["aws", "laptop"] = "aws"
    """`laptop`: provider and backend use the embedded AWS's own profile and can reach only that."""
    accounts: Accounts
    runner: Literal["hosted", "vpc"] = "vpc"
    """Where pipelines run. `hosted` (GitHub's machines) cannot reach a private cluster endpoint, `vpc` can."""
    protect: bool = True
    """Deletion protection on everything that holds data or other people's work."""
    tags: dict[str, str] = {}
    """Added to every resource."""
    singletons: Singletons = Singletons()
    state: State = State()
    keys: Keys = Keys()
    """Existing KMS keys; by default every stack creates its own."""
    delivery: Delivery = Delivery()
    reviewers: Reviewers = Reviewers()
    network: Network = Network()
    cluster: Cluster = Cluster()
    data: Data = Data()
    archive: Archive = Archive()
    api: Api = Api()
    workloads: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$")], Workload] = {}

    @model_validator(mode="after")
    def _runners_in_the_vpc(self) -> Self:
        delivery = self.delivery
        # On a laptop the person who types is the pipeline.
        if self.runner == "vpc" and self.target == "aws" and not (delivery.runners or delivery.runner_label):
            raise ValueError(
                "runner: vpc, but no runners are in the VPC: jobs would wait for ever; write delivery.runners to make "
                "them, or delivery.runner_label if they exist already"
            )
        return self

    @property
    def parameter_readers(self) -> dict[str, Workload]:
        """The services whose pods read parameters of their own."""
        return {name: workload for name, workload in self.workloads.items() if workload.parameters}

    @property
    def has_data(self) -> bool:
        """Whether there is a stack `data`."""
        return bool(self.data.postgres or (self.data.mongodb and not self.data.in_cluster) or self.parameter_readers)

    @property
    def has_addons(self) -> bool:
        """Whether there is a stack `addons`."""
        return bool(self.cluster.karpenter or self.data.in_cluster)

    @property
    def existing_keys(self) -> dict[str, str]:
        """Key of the file → ARN, for every KMS key that the stacks do not create."""
        named = {
            "state.key_arn": self.state.key_arn,
            "cluster.key_arn": self.cluster.key_arn,
            **{f"keys.{name}": getattr(self.keys, name) for name in Keys.model_fields},
        }
        return {name: arn for name, arn in named.items() if arn}

    @model_validator(mode="after")
    def _keys_are_of_their_region(self) -> Self:
        """KMS developer guide, "Multi-Region keys": a service uses keys of its own Region only."""
        for name, arn in self.existing_keys.items():
            region = self.state.replica_region if name == "keys.state_replica" else self.region
            if (actual := arn.split(":")[3]) != region:
                raise ValueError(f"{name} is a key of {actual}, but used in {region}; name a key of {region}")
        return self

    @model_validator(mode="after")
    def _laptop_is_not_aws(self) -> Self:
        if (self.target == "laptop") != (self.accounts.main.id == LAPTOP_ACCOUNT):
            raise ValueError(
                f"accounts.main.id {LAPTOP_ACCOUNT} is the embedded AWS and belongs to target: laptop; "
                "set both or neither"
            )
        if self.target == "laptop" and self.cluster.image_cache:
            raise ValueError(
                "cluster.image_cache: the embedded AWS keeps no images that Kubernetes could pull; leave it empty"
            )
        if self.target == "laptop" and self.cluster.nodes == "karpenter":
            raise ValueError(
                "cluster.nodes: karpenter, but instances of the embedded AWS join no cluster; use managed_groups"
            )
        if self.target == "laptop" and self.data.in_cluster:
            raise ValueError(
                "data.mongodb.kind: in_cluster, but the laptop's cluster has neither zones nor EBS; remove it"
            )
        return self
