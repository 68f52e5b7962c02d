"""An object's ETag is the MD5 of what is stored (S3 API reference, "Object"), whoever computed it, and when."""

from __future__ import annotations

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

LOCATION = {"LocationConstraint": "eu-west-2"}


def md5(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


@pytest.fixture
def bucket(aws: Any) -> str:
    name = str(aws.unique("tags"))
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=LOCATION)
    return name


@pytest.mark.parametrize("size", [0, 1000, 200_000, 1 << 20])
def test_the_tag_is_the_md5_of_the_body(aws: Any, bucket: str, size: int) -> None:
    body = os.urandom(size)
    s3 = aws.client("s3")
    assert s3.put_object(Bucket=bucket, Key="k", Body=body)["ETag"] == md5(body)
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"] == md5(body)


def test_the_tag_of_a_copy_and_of_parts_is_not_of_the_request(aws: Any, bucket: str) -> None:
    s3 = aws.client("s3")
    parts = [os.urandom(5 << 20), os.urandom(300_000)]
    s3.upload_fileobj(io.BytesIO(b"".join(parts)), bucket, "whole")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    sent = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=number, Body=part)["ETag"],
        }
        for number, part in enumerate(parts, start=1)
    ]
    assert [part["ETag"] for part in sent] == [md5(part) for part in parts]
    done = s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": sent})
    assert done["ETag"].endswith('-2"')
    copy = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "whole"})
    assert copy["CopyObjectResult"]["ETag"] == md5(b"".join(parts))


def test_objects_that_come_together_get_their_own_tags(aws: Any, bucket: str) -> None:
    bodies = [os.urandom(400_000) for _ in range(12)]
    s3 = aws.client("s3")

    def put(number: int) -> str:
        return str(s3.put_object(Bucket=bucket, Key=str(number), Body=bodies[number])["ETag"])

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(put, range(12))) == list(map(md5, bodies))
