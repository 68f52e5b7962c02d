"""Which requests change something, and which of them are written through."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from localcloud.aws.routing import Request
from localcloud.aws.s3_calls import bucket_and_key

_READS = re.compile(r"^(Describe|Get|List|Head|BatchGet|TransactGet|Query|Scan|Lookup|Search|Test|Validate|Decode)")
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


def action_of(request: Request) -> str:
    """The action of a JSON or query request, "" for REST."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    found = _ACTION.search(request.body[:4096]) if request.method == "POST" else None
    return found[1].decode() if found else next(iter(request.query.get("Action", ())), "")


def changes_something(request: Request) -> bool:
    """Whether a request may have changed state."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    return not _READS.match(action_of(request))


def is_written_through(request: Request) -> bool:
    """Whether a write is one that must survive a kill: anything in S3 and DynamoDB, where Terraform keeps its state."""
    return request.service in ("s3", "dynamodb")


def stand_in(request: Request) -> Request | None:
    """The request to write down: itself, the finished object for a multipart upload, None for a part of one."""
    if request.service != "s3" or not ({"uploads", "uploadId"} & set(request.query)):
        return request
    if request.method != "POST" or "uploadId" not in request.query:
        return None
    found = _newest(request)
    if found is None:
        return None
    headers = {name: value for name, value in request.headers.items() if name in ("host", "authorization")}
    kept = {str(name).lower(): str(value) for name, value in (found.metadata or {}).items()}
    headers |= {name: value for name, value in kept.items() if name.startswith(("x-amz-meta-", "content-", "cache-"))}
    if found.encryption:
        headers["x-amz-server-side-encryption"] = found.encryption
    if found.kms_key_id:
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = found.kms_key_id
    return replace(request, method="PUT", query={}, raw_query="", headers=headers, body=bytes(found.value))


def take_version(request: Request, version_id: str) -> None:
    """Give the object a replayed PUT made the version it had before."""
    found = _newest(request)
    if found is not None and request.method == "PUT":
        if hasattr(found, "_version_id"):
            found._version_id = version_id
        else:
            found.version_id = version_id


def _newest(request: Request) -> Any | None:
    """The newest version of the object a request names."""
    from localcloud.aws.services.s3 import bucket_of

    name, key = bucket_and_key(request.path, request.headers.get("host", ""))
    bucket = bucket_of(name)
    versions = bucket.keys.getlist(key, None) if bucket is not None and key else None
    return versions[-1] if versions else None
