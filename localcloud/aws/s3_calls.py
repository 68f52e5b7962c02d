"""An S3 request in the terms of IAM: action, bucket, key and condition keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from localcloud.aws.routing import Request

# Subresource of a bucket → the action after "s3:Get" or "s3:Put". Below: (method, subresource) → the action after
# "s3:", where "" is the call without a subresource.
# Source: service authorization reference, "Actions, resources, and condition keys for Amazon S3".
_CONFIGURATIONS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_BUCKET = {
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("POST", ""): "PutObject",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("DELETE", "policy"): "DeleteBucketPolicy",
    ("DELETE", "website"): "DeleteBucketWebsite",
}
_OBJECT = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("GET", "versionId"): "GetObjectVersion",
    ("HEAD", "versionId"): "GetObjectVersion",
    ("DELETE", "versionId"): "DeleteObjectVersion",
    ("POST", "uploads"): "PutObject",
    ("POST", "uploadId"): "PutObject",
    ("PUT", "uploadId"): "PutObject",
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("POST", "restore"): "RestoreObject",
    ("GET", "acl"): "GetObjectAcl",
    ("PUT", "acl"): "PutObjectAcl",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("GET", "retention"): "GetObjectRetention",
    ("PUT", "retention"): "PutObjectRetention",
    ("GET", "legal-hold"): "GetObjectLegalHold",
    ("PUT", "legal-hold"): "PutObjectLegalHold",
    ("GET", "attributes"): "GetObjectAttributes",
}
_HOST_STYLE = re.compile(r"^(?P<bucket>[a-z0-9][a-z0-9.-]*)\.(?:localhost|s3[.-][a-z0-9.-]*amazonaws\.com)(?::\d+)?$")


@dataclass(frozen=True)
class S3Call:
    """`key` is "" for calls on the bucket itself."""

    action: str
    bucket: str
    key: str

    @property
    def resource(self) -> str:
        """The ARN that policies name."""
        return f"arn:aws:s3:::{self.bucket}/{self.key}" if self.key else f"arn:aws:s3:::{self.bucket}"


def bucket_and_key(path: str, host: str) -> tuple[str, str]:
    """Bucket and key of a decoded path; the bucket is in the host's name or begins the path."""
    in_host = _HOST_STYLE.match(host)
    if in_host:
        return in_host["bucket"], path.removeprefix("/")
    bucket, _, key = path.removeprefix("/").partition("/")
    return bucket, key


def understand(request: Request) -> S3Call | None:
    """The call that a request makes; None where it names no bucket (ListBuckets)."""
    bucket, key = bucket_and_key(request.path, request.headers.get("host", ""))
    if not bucket:
        return None
    action = _object_action(request) if key else _bucket_action(request)
    return S3Call(f"s3:{action}", bucket, key)


def _object_action(request: Request) -> str:
    return _action_of_subresource(request, _OBJECT) or _OBJECT.get((request.method, ""), "PutObject")


def _action_of_subresource(request: Request, actions: Mapping[tuple[str, str], str]) -> str:
    for (method, subresource), action in actions.items():
        if subresource and method == request.method and subresource in request.query:
            return action
    return ""


def _bucket_action(request: Request) -> str:
    if action := _action_of_subresource(request, _BUCKET):
        return action
    for subresource, name in _CONFIGURATIONS.items():
        if subresource in request.query:
            return ("Get" if request.method in ("GET", "HEAD") else "Put") + name
    return _BUCKET.get((request.method, ""), "ListBucket")


def copy_source(request: Request) -> Sequence[S3Call]:
    """What a copy reads; empty for any other call."""
    header = request.headers.get("x-amz-copy-source")
    if not header:
        return ()
    bucket, _, key = unquote(header).removeprefix("/").partition("/")
    return (S3Call("s3:GetObject", bucket, key.split("?", 1)[0]),)


def condition_keys(request: Request, *, bucket_owner: str) -> Mapping[str, list[str]]:
    """The condition keys of a request; without a header its key is absent."""
    keys = {f"s3:{name}": [value] for name, value in request.headers.items() if name.startswith("x-amz-")}
    keys |= {f"s3:{name}": request.query[name] for name in ("prefix", "delimiter", "max-keys") if name in request.query}
    keys |= {f"s3:{name}": [request.headers[name]] for name in ("if-match", "if-none-match") if name in request.headers}
    if "versionId" in request.query:
        keys["s3:VersionId"] = request.query["versionId"]
    presigned = "X-Amz-Signature" in request.query
    return {
        **keys,
        "aws:SourceIp": ["127.0.0.1"],
        "aws:ResourceAccount": [bucket_owner],
        "s3:ResourceAccount": [bucket_owner],
        "s3:TlsVersion": ["1.3"],
        "s3:signatureversion": ["AWS4-HMAC-SHA256"],
        "s3:authType": ["REST-QUERY-STRING" if presigned else "REST-HEADER"],
        "aws:UserAgent": [request.headers.get("user-agent", "")],
    }
