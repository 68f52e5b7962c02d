"""A call that the embedded AWS lacks fails at once and is named, in the protocol that the client reads."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

CALLS = [
    ("ec2", "DescribeIpamPools", {}),
    (
        "iam",
        "ListPoliciesGrantingServiceAccess",
        {"Arn": "arn:aws:iam::000000000000:role/a", "ServiceNamespaces": ["s3"]},
    ),
    ("dynamodb", "ListContributorInsights", {}),
    ("eks", "ListInsights", {"clusterName": "c"}),
    ("apigateway", "GetClientCertificates", {}),
    ("backup", "ListFrameworks", {}),
    ("route53resolver", "ListFirewallConfigs", {}),
    ("chime", "ListAccounts", {}),
]


@pytest.mark.parametrize(("service", "operation", "arguments"), CALLS, ids=[call[0] for call in CALLS])
def test_a_call_that_is_missing_is_refused_by_name(
    aws: Any, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    client = aws.client(service)
    method = next(name for name, each in client.meta.method_to_api_mapping.items() if each == operation)
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "NotImplemented"
    assert f"{client.meta.service_model.signing_name}:{operation}" in answer["Error"]["Message"]
    # No SDK and no provider repeats a call after this status.
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_call_that_makes_moto_fail_is_answered_with_the_reason(aws: Any) -> None:
    # moto reads the type of each attribute without asking whether it is one.
    keys = {"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    client = aws.client("dynamodb")
    client.create_table(TableName="t", AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}], **keys)
    client.meta.events.register("before-call.dynamodb.PutItem", _spoil)
    with pytest.raises(ClientError, match=r"dynamodb:PutItem failed in the embedded AWS: .+ names the log") as caught:
        client.put_item(TableName="t", Item={"a": {"S": "x"}})
    assert caught.value.response["Error"]["Code"] == "InternalFailure"


def _spoil(params: dict[str, Any], **_: Any) -> None:
    params["body"] = b'{"TableName": "t", "Item": {"a": 5}}'
