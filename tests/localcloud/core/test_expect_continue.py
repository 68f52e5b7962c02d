"""boto3 puts an object without waiting for the server to ask for its bytes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.support.cloud_project import cloud_project

pytestmark = pytest.mark.slow


def test_boto3_does_not_wait_for_100_continue(tmp_path: Path, checkout: Path) -> None:
    with cloud_project(tmp_path, checkout, Path(sys.executable)) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="continue", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        began = time.monotonic()
        for number in range(5):
            s3.put_object(Bucket="continue", Key=str(number), Body=b"bytes")
        assert time.monotonic() - began < 5, "boto3 waits a second for each answer that does not come"
