"""A bucket answers where it is: Terraform finds a wrong `region` of its backend by that."""

from __future__ import annotations

from typing import Any

import pytest

ELSEWHERE = "us-east-1"
CALLS: dict[str, dict[str, Any]] = {
    "head_bucket": {},
    "list_objects_v2": {},
    "get_bucket_versioning": {},
    "head_object": {"Key": "k"},
    "get_object": {"Key": "k"},
    "put_object": {"Key": "k", "Body": b"x"},
}


@pytest.fixture
def bucket(aws: Any) -> str:
    name = str(aws.unique("placed"))
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    aws.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    return name


@pytest.mark.parametrize("call", CALLS)
def test_a_request_signed_for_another_region_is_redirected(aws: Any, bucket: str, call: str) -> None:
    """boto3 follows the redirection, so the answers are noted one by one."""
    client = aws.client("s3", region=ELSEWHERE)
    answers: list[tuple[int, str | None]] = []

    def note(response: Any, **_: Any) -> None:
        answers.append((response[0].status_code, response[0].headers.get("x-amz-bucket-region")))

    client.meta.events.register("needs-retry.s3", note, unique_id="note")
    getattr(client, call)(Bucket=bucket, **CALLS[call])
    client.meta.events.unregister("needs-retry.s3", unique_id="note")
    assert answers[0] == (301, "eu-west-2")
    assert answers[-1][0] == 200


def test_where_a_bucket_is_may_be_asked_from_everywhere(aws: Any, bucket: str) -> None:
    client = aws.client("s3", region=ELSEWHERE)
    assert client.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-west-2"
