"""Every stack, in the order in which an environment is deployed, and what each one is given."""

from __future__ import annotations

from dataclasses import dataclass

from constructs import Construct

from groundwork.environment import Environment
from stacks.network import NetworkStack
from stacks.state_backend import StateBackendStack


@dataclass(frozen=True)
class EnvironmentStacks:
    """The stacks of one environment."""

    state_backend: StateBackendStack
    network: NetworkStack


def build(scope: Construct, environment: Environment) -> EnvironmentStacks:
    """Every stack of one environment; later ones are given earlier ones and refer to their resources."""
    state_backend = StateBackendStack(scope, environment)
    network = NetworkStack(scope, environment)
    return EnvironmentStacks(state_backend=state_backend, network=network)
