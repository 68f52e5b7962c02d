"""Every stack, in the order in which an environment is deployed, and what each one is given."""

from __future__ import annotations

from constructs import Construct

from groundwork.environment import Environment
from stacks.account import AccountStack
from stacks.archive import ArchiveStack
from stacks.network import NetworkStack
from stacks.platform_stack import PlatformStack
from stacks.state_backend import StateBackendStack


def build(scope: Construct, environment: Environment) -> list[PlatformStack]:
    """Every stack of one environment; later ones are given earlier ones and refer to their resources."""
    stacks: list[PlatformStack] = []
    if environment.accounts.main.owns_singletons:
        stacks.append(AccountStack(scope, environment))
    state_backend = StateBackendStack(scope, environment)
    network = NetworkStack(scope, environment)
    archive = ArchiveStack(scope, environment)
    return [*stacks, state_backend, network, archive]
