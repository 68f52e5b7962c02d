"""Which requests change something, and which of them the journal keeps."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Any

from localcloud.aws.routing import Request
from localcloud.aws.s3_calls import bucket_and_key

UNSAVED = threading.Event()  # set while something changed since the state was last saved

_READS = re.compile(r"^(Describe|Get|List|Head|BatchGet|TransactGet|Query|Scan|Lookup|Search|Test|Validate|Decode)")
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


def action_of(request: Request) -> str:
    """The action of a JSON or query request, "" for REST."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    match = _ACTION.search(request.body[:4096]) if request.method == "POST" else None
    return match[1].decode() if match else next(iter(request.query.get("Action", ())), "")


def changes_something(request: Request) -> bool:
    """Whether a request may have changed state."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    return not _READS.match(action_of(request))


def is_journalled(request: Request) -> bool:
    """Whether a write must survive a kill: anything in S3 and DynamoDB, where Terraform keeps its state."""
    return request.service in ("s3", "dynamodb")


def journalled_request(request: Request) -> Request | None:
    """The request for the journal: itself, a PUT of the whole object for a multipart upload, None for a part of one."""
    if request.service != "s3" or not ({"uploads", "uploadId"} & set(request.query)):
        return request
    if request.method != "POST" or "uploadId" not in request.query:
        return None
    version = _newest_version(request)
    if version is None:
        return None
    headers = {name: value for name, value in request.headers.items() if name in ("host", "authorization")}
    metadata = {str(name).lower(): str(value) for name, value in (version.metadata or {}).items()}
    headers |= {name: text for name, text in metadata.items() if name.startswith(("x-amz-meta-", "content-", "cache-"))}
    if version.encryption:
        headers["x-amz-server-side-encryption"] = version.encryption
    if version.kms_key_id:
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = version.kms_key_id
    return replace(request, method="PUT", query={}, raw_query="", headers=headers, body=bytes(version.value))


def set_version(request: Request, version_id: str) -> None:
    """Give an object that a replayed PUT made the version that it had before."""
    version = _newest_version(request)
    if version is not None and request.method == "PUT":
        if hasattr(version, "_version_id"):
            version._version_id = version_id
        else:
            version.version_id = version_id


def _newest_version(request: Request) -> Any | None:
    """The newest version of the object a request names."""
    from localcloud.aws.services.s3 import bucket_of

    name, key = bucket_and_key(request.path, request.headers.get("host", ""))
    bucket = bucket_of(name)
    versions = bucket.keys.getlist(key, None) if bucket is not None and key else None
    return versions[-1] if versions else None
