"""The stack `data` of an environment, with the stacks that it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from constructs import Construct

from stacks.cluster import ClusterStack
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.values import Environment
from tests.support.pipeline_roles import ACCOUNT
from tests.support.synth import resources

READER: Final[dict[str, Any]] = {
    "namespace": "users",
    "image": "ghcr.io/acme/users",
    "tag": "1.0.0",
    "parameters": True,
    "egress": [{"cidr": "10.0.0.0/16", "ports": [443, 1024]}],
}
"""A workload whose pods read parameters."""


def data_stack(scope: Construct, values: Environment) -> DataStack:
    network = NetworkStack(scope, values)
    return DataStack(scope, values, network=network, cluster=ClusterStack(scope, values, network=network))


def policy_of_pods(document: Any, service: str, *, key: str) -> str:
    """The policy of the role that a service's pods get, with the ARN of the key."""
    roles = document["resource"]["aws_iam_role"]
    (role,) = [name for name, body in roles.items() if body["name"] == f"acme-dev-pods-{service}"]
    (policy,) = [
        body["policy"]
        for body in resources(document, "aws_iam_role_policy")
        if body["role"] == f"${{aws_iam_role.{role}.id}}"
    ]
    (name,) = document["resource"]["aws_kms_key"]
    return str(policy).replace(f"${{aws_kms_key.{name}.arn}}", key)


def session_of_pods(person: Any, document: Any, service: str, *, key: str) -> Mapping[str, str]:
    """Credentials, as STS answers them, of a role with that policy on the embedded AWS. `person` makes clients."""
    account = person("sts").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    name = f"pods-{service}"
    role = person("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    policy = policy_of_pods(document, service, key=key).replace(ACCOUNT, account)
    person("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    keys: Mapping[str, str] = person("sts").assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
    return keys
