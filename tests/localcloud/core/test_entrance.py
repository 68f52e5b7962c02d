"""Only programs that have the checkout's keys reach the embedded AWS; a web page never does."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

CREATE_ROLE = {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "taken", "AssumeRolePolicyDocument": "{}"}
MADE_UP = "AWS4-HMAC-SHA256 Credential=AKIAMADEUP/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0"


def send(aws: Any, headers: dict[str, str], *, key: str = "", path: str = "/") -> httpx.Response:
    """A signed call that creates a role, as a page or program would send it with these headers."""
    request = AWSRequest("POST", f"{aws.endpoint}{path}", data=urlencode(CREATE_ROLE))
    request.headers["content-type"] = "application/x-www-form-urlencoded"
    SigV4Auth(Credentials(key or aws.keys.access_key, aws.keys.secret), "iam", "us-east-1").add_auth(request)
    sent = {**dict(request.headers.items()), **headers}
    return httpx.post(f"{aws.endpoint}{path}", headers=sent, content=request.body, trust_env=False)


@pytest.fixture(autouse=True)
def no_role_is_made(aws: Any) -> Any:
    yield
    assert "taken" not in [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:4566"},
        {"host": "localhost.evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_a_web_page_is_refused_even_with_the_right_keys(aws: Any, headers: dict[str, str]) -> None:
    answer = send(aws, headers)
    assert (answer.status_code, answer.json()["__type"]) == (403, "Forbidden")


def test_a_form_of_a_web_page_with_credentials_in_its_address_is_refused(aws: Any) -> None:
    aws.client("s3").create_bucket(Bucket="form", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    request = AWSRequest("PUT", f"{aws.endpoint}/form/key")
    SigV4QueryAuth(Credentials("AKIAMADEUP", "x"), "s3", "eu-west-2").add_auth(request)
    answer = httpx.put(request.url, content=b"overwritten", trust_env=False)
    assert answer.status_code == 403
    assert "InvalidClientTokenId" in answer.text
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket="form")


@pytest.mark.parametrize("authorization", ["", MADE_UP])
def test_a_program_without_the_keys_is_refused_with_the_place_of_the_keys(aws: Any, authorization: str) -> None:
    headers = {"authorization": authorization} if authorization else {}
    answer = httpx.post(aws.endpoint, data=CREATE_ROLE, headers=headers, trust_env=False)
    assert answer.status_code == 403
    expected = ".groundwork/aws/credentials" if authorization else "has no signature"
    assert expected in answer.text


@pytest.mark.parametrize(
    "path",
    ["/latest/meta-data/iam/security-credentials/", "/latest/api/token", "/moto-api/data.json", "/?Action=ListRoles"],
)
def test_metadata_and_moto_s_own_interface_are_closed(aws: Any, path: str) -> None:
    assert httpx.get(f"{aws.endpoint}{path}", trust_env=False).status_code == 403


def test_keys_of_another_checkout_say_so_in_every_protocol(aws: Any) -> None:
    session = boto3.Session("LOCALOTHERCHECKOUT00", "secret", region_name="eu-west-2")
    for service, operation in (("ec2", "describe_vpcs"), ("s3", "list_buckets"), ("dynamodb", "list_tables")):
        client = session.client(service, endpoint_url=aws.endpoint)
        with pytest.raises(ClientError, match=r"InvalidClientTokenId.*not of this embedded AWS"):
            getattr(client, operation)()


def test_names_below_localhost_reach_it(aws: Any) -> None:
    port = aws.endpoint.rpartition(":")[2]
    answer = httpx.get(f"{aws.endpoint}/_groundwork/status", headers={"host": f"s3.localhost:{port}"}, trust_env=False)
    assert answer.status_code == 200
