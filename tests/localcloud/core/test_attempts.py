"""A client that lost an answer and tries again gets the same answer."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def revoke_default_egress(aws: Any, group: str, *, invocation: str, attempt: int) -> int:
    """The HTTP status of one attempt to remove the rule that every new group has."""
    rule = {"IpPermissions.1.IpProtocol": "-1", "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0"}
    body = urlencode({"Action": "RevokeSecurityGroupEgress", "Version": "2016-11-15", "GroupId": group, **rule})
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "amz-sdk-invocation-id": invocation,
        "amz-sdk-request": f"attempt={attempt}; max=3",
    }
    request = AWSRequest(method="POST", url=f"{aws.endpoint}/", data=body, headers=headers)
    SigV4Auth(Credentials(aws.keys.access_key, aws.keys.secret), "ec2", "eu-west-2").add_auth(request)
    signed = urllib.request.Request(f"{aws.endpoint}/", data=body.encode(), headers=dict(request.headers.items()))  # noqa: S310
    try:
        with urllib.request.urlopen(signed, timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


@pytest.fixture
def group(aws: Any) -> str:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_security_group(GroupName=aws.unique("lost"), Description="lost answer", VpcId=vpc)["GroupId"])


def test_the_second_attempt_of_a_request_gets_the_answer_of_the_first(aws: Any, group: str) -> None:
    statuses = [revoke_default_egress(aws, group, invocation=f"once-{group}", attempt=n) for n in (1, 2)]
    assert statuses == [200, 200]


def test_another_request_for_the_same_is_carried_out_and_refused(aws: Any, group: str) -> None:
    first = revoke_default_egress(aws, group, invocation=f"one-{group}", attempt=1)
    other = revoke_default_egress(aws, group, invocation=f"other-{group}", attempt=1)
    assert (first, other) == (200, 400)
