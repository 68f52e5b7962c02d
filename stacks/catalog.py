"""Every stack, in the order in which an environment is deployed, and what each one is given."""

from __future__ import annotations

from constructs import Construct

from stacks.account import AccountStack
from stacks.addons import AddonsStack
from stacks.api import ApiStack
from stacks.archive import ArchiveStack
from stacks.archive_roles import ArchiveRolesStack
from stacks.cluster import ClusterStack
from stacks.data import DataStack
from stacks.delivery import DeliveryStack
from stacks.network import NetworkStack
from stacks.platform_stack import PlatformStack
from stacks.runners import RunnersStack
from stacks.state_backend import StateBackendStack
from stacks.values import Environment
from stacks.workloads import WorkloadsStack


def build(scope: Construct, environment: Environment) -> list[PlatformStack]:
    """Every stack of one environment; later ones are given earlier ones and refer to their resources."""
    account = AccountStack(scope, environment) if environment.accounts.main.owns_singletons else None
    state_backend = StateBackendStack(scope, environment)
    delivery = DeliveryStack(scope, environment)
    archive_roles = ArchiveRolesStack(scope, environment)
    network = NetworkStack(scope, environment)
    runners = RunnersStack(scope, environment, network=network) if environment.delivery.runners else None
    cluster = ClusterStack(scope, environment, network=network)
    data = DataStack(scope, environment, network=network, cluster=cluster) if environment.has_data else None
    addons = AddonsStack(scope, environment, cluster=cluster) if environment.has_addons else None
    workloads = WorkloadsStack(scope, environment, cluster=cluster, addons=addons, data=data)
    archive = ArchiveStack(scope, environment)
    api = ApiStack(scope, environment, network=network, account=account)
    first = (account, state_backend, delivery, archive_roles, network, runners)
    return [stack for stack in (*first, cluster, data, addons, workloads, archive, api) if stack]
