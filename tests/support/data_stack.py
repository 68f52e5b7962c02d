"""The stack `data` of an environment, with the stacks that it reads."""

from __future__ import annotations

from constructs import Construct

from stacks.cluster import ClusterStack
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.values import Environment


def data_stack(scope: Construct, values: Environment) -> DataStack:
    network = NetworkStack(scope, values)
    return DataStack(scope, values, network=network, cluster=ClusterStack(scope, values, network=network))
