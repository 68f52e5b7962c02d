"""What an interrupted bootstrap made is found by its name, with the id by which Terraform imports it."""

from __future__ import annotations

from typing import Any

import boto3
from moto import mock_aws

from groundwork.state.adoption import Finder, Import

ADDRESS = "aws_secretsmanager_secret.credentials"
DOCUMENT: dict[str, Any] = {
    "provider": {"aws": [{"region": "eu-west-2"}]},
    "resource": {"aws_secretsmanager_secret": {"credentials": {"name": "ecr-pullthroughcache/acme-dev-ghcr"}}},
}


def test_a_secret_is_adopted_unless_it_waits_for_its_deletion() -> None:
    with mock_aws():
        session = boto3.Session("x", "x", region_name="eu-west-2")
        finder = Finder(session, DOCUMENT, account="123456789012")
        assert finder.missing_from(()) == ()
        secrets = session.client("secretsmanager")
        arn = secrets.create_secret(Name="ecr-pullthroughcache/acme-dev-ghcr")["ARN"]
        assert finder.missing_from(()) == (Import(ADDRESS, arn),)
        assert finder.missing_from([ADDRESS]) == ()
        secrets.delete_secret(SecretId=arn)
        assert finder.missing_from(()) == ()
