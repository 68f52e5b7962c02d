"""What calls of boto3 share: pages of a listing, and codes of errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

ABSENT = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchKey",
        "NoSuchEntity",
        "NotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "ParameterNotFound",
        "QueueDoesNotExist",
        "RepositoryNotFoundException",
        "ResourceNotFoundException",
    }
)
"""Codes that say that something does not exist."""


def entries(client: Any, operation: str, *keys: str, **arguments: Any) -> Iterator[Any]:
    """The entries of every page of a listing: `operation` is the client's method, `keys` the lists in its answer."""
    for page in client.get_paginator(operation).paginate(**arguments):
        for key in keys:
            yield from page.get(key, ())


def error_code(error: ClientError) -> str:
    """AWS's code of an error, such as NoSuchKey; S3 answers HEAD with the status alone, as 404."""
    return str(error.response["Error"]["Code"])


def is_absent(error: ClientError) -> bool:
    """Whether an error says that something does not exist."""
    return error_code(error) in ABSENT
