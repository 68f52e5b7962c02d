"""Bootstrap says which roles in the values do not exist."""

from __future__ import annotations

import boto3
from moto import mock_aws

from groundwork.state import principals

HERE = "arn:aws:iam::123456789012"


def test_roles_that_do_not_exist_are_named_by_their_keys() -> None:
    """EKS API reference, CreateAccessEntry: principalArn has to be of an existing principal."""
    with mock_aws():
        session = boto3.Session("x", "x", region_name="eu-west-2")
        trust = '{"Version": "2012-10-17", "Statement": []}'
        session.client("iam").create_role(RoleName="there", Path="/team/", AssumeRolePolicyDocument=trust)
        named = {
            "cluster.access.a": f"{HERE}:role/team/there",
            "cluster.access.b": f"{HERE}:role/platform-engineers",
            "cluster.access.c": f"{HERE}:user/somebody",
        }
        (sentence,) = principals.missing(session, named)
    assert sentence.startswith(f"cluster.access.b: {HERE}:role/platform-engineers does not exist")


def test_a_missing_role_of_a_service_comes_with_the_command_that_makes_it() -> None:
    with mock_aws():
        session = boto3.Session("x", "x", region_name="eu-west-2")
        role = f"{HERE}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
        (sentence,) = principals.missing(session, {"cluster.karpenter.pools.batch.capacity": role})
        assert "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com" in sentence
        session.client("iam").create_service_linked_role(AWSServiceName="spot.amazonaws.com")
        made = session.client("iam").list_roles()["Roles"][0]["Arn"]
        assert not list(principals.missing(session, {"cluster.karpenter.pools.batch.capacity": made}))
