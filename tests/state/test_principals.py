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
