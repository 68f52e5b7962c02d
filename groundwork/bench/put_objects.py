"""Puts objects with boto3 into a bucket of its own, and prints the seconds of each put as JSON.

Arguments: how many, and bytes of each. The AWS that it talks to is the environment's.
"""

import json
import os
import sys
import time

import boto3


def main() -> None:
    """Put the objects and print the seconds."""
    count, size = map(int, sys.argv[1:])
    s3 = boto3.client("s3", region_name="eu-west-2")
    bucket = f"bench-{os.getpid()}-{time.time_ns()}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    body = os.urandom(size)
    s3.put_object(Bucket=bucket, Key="first", Body=body)  # opens the connection
    seconds = []
    for number in range(count):
        began = time.perf_counter()
        s3.put_object(Bucket=bucket, Key=str(number), Body=body)
        seconds.append(time.perf_counter() - began)
    for key in ("first", *map(str, range(count))):
        s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=bucket)
    sys.stdout.write(json.dumps(seconds))


if __name__ == "__main__":
    main()
