"""An object that an earlier attempt of the same call stored is not somebody else's."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from groundwork.store.objects import AlreadyStored
from groundwork.store.s3_store import S3Objects

BODY = b"an entry"


def s3(*, attempts: int, stored: bytes) -> S3Objects:
    """A store whose S3 answers 412 after so many attempts, and has these bytes."""
    client: Any = boto3.client(
        "s3",
        region_name="eu-west-2",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        endpoint_url="http://127.0.0.1:9",
    )
    stubbed = Stubber(client)
    taken = {"RetryAttempts": attempts}
    stubbed.add_client_error("put_object", "PreconditionFailed", http_status_code=412, response_meta=taken)
    content = StreamingBody(io.BytesIO(stored), len(stored))
    stubbed.add_response("get_object", {"Body": content, "VersionId": "v1"}, {"Bucket": "plans", "Key": "a"})
    stubbed.activate()
    return S3Objects(client, "plans", "alias/x")


def test_what_an_earlier_attempt_stored_is_stored() -> None:
    """S3 had carried it out, and only its answer was lost."""
    place = s3(attempts=1, stored=BODY).put_new("a", BODY, media_type="text/plain")
    assert (place.location, place.version) == ("s3://plans/a", "v1")


@pytest.mark.parametrize(("attempts", "stored"), [(0, BODY), (1, b"another")])
def test_what_others_stored_is_taken(attempts: int, stored: bytes) -> None:
    with pytest.raises(AlreadyStored):
        s3(attempts=attempts, stored=stored).put_new("a", BODY, media_type="text/plain")
