"""S3: what the bucket policy says happens, and what Terraform wrote is what it reads.

- authorise: moto ignores conditions and principals, so a TLS-only policy locks everyone out and a policy for one role
  of another account admits everybody; here every request is evaluated, and SSE-KMS with a key of another account
  needs that key's policy too.
- get_permission: moto's own check would contradict; only DeleteObjects, which asks per key, still needs it.
- set_lifecycle: moto drops NewerNoncurrentVersions and ObjectSize filters, so the next plan would differ.
- notification: moto drops EventBridgeConfiguration from the answer.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import xmltodict
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from localcloud.aws import identity
from localcloud.aws.conditions import UnsupportedCondition
from localcloud.aws.key_access import key_permits
from localcloud.aws.policy import Call, Decision, Principal, evaluate, permitted
from localcloud.aws.routing import Request, Response, Route, xml_error, xml_response
from localcloud.aws.s3_calls import S3Call, bucket_and_key, condition_keys, understand

_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


def bucket_of(name: str) -> Any | None:
    """The moto bucket of that name in whatever account, None when there is none."""
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return None
    partition, account = owner
    return s3_backends[account][partition].buckets.get(name)


def authorise(request: Request) -> Response | None:
    """403 where the bucket policy or the policy of a foreign key does not admit the caller, else None."""
    call = understand(request)
    bucket = bucket_of(call.bucket) if call else None
    if call is None or bucket is None or (call.action == "s3:CreateBucket" and not call.key):
        return None
    if request.method == "POST" and "delete" in request.query:
        return None  # asked per key, through get_permission
    principal = _principal()
    context = condition_keys(request, bucket_owner=bucket.account_id)
    try:
        if not permitted(bucket.policy, Call(principal, call.action, call.resource, context), owner=bucket.account_id):
            return _denied(call, principal)
        source = _copy_source(request)
        if source is not None and not _may_read_source(source, principal, context):
            return _denied(source, principal)
    except UnsupportedCondition as error:
        return xml_error("AccessDenied", f"the bucket policy cannot be evaluated here: {error}", 403)
    return _key_refuses(request, call, bucket, principal)


def authorise_unsigned(request: Request) -> Response | None:
    """Anonymous requests reach a bucket only where its policy says so."""
    if "x-amz-target" in request.headers or request.path == "/":
        return None
    bucket, _ = bucket_and_key(request.path, request.headers.get("host", ""))
    return authorise(request) if bucket_of(bucket) is not None else None


def _principal() -> Principal:
    caller = identity.current()
    return Principal(caller.account, caller.principal_arn, caller.session_arn)


def _denied(call: S3Call, principal: Principal) -> Response:
    who = principal.session_arn or principal.arn or "anonymous"
    return xml_error("AccessDenied", f"User: {who} is not authorized to perform: {call.action} on {call.resource}", 403)


def _copy_source(request: Request) -> S3Call | None:
    header = request.headers.get("x-amz-copy-source")
    if not header:
        return None
    bucket, _, key = unquote(header).removeprefix("/").partition("/")
    return S3Call("s3:GetObject", bucket, key.split("?", 1)[0])


def _may_read_source(source: S3Call, principal: Principal, context: Any) -> bool:
    bucket = bucket_of(source.bucket)
    if bucket is None:
        return True  # moto answers NoSuchBucket
    return permitted(bucket.policy, Call(principal, source.action, source.resource, context), owner=bucket.account_id)


def _key_refuses(request: Request, call: S3Call, bucket: Any, principal: Principal) -> Response | None:
    """403 when the object is, or is to be, encrypted with a key that does not admit the caller."""
    if call.action == "s3:PutObject":
        reference, action = _key_for_new_object(request, bucket), "kms:GenerateDataKey"
    elif call.action in ("s3:GetObject", "s3:GetObjectVersion") and request.method == "GET":
        version = next(iter(request.query.get("versionId", ())), None)
        found = s3_backends[bucket.account_id]["aws"].get_object(bucket.name, call.key, version_id=version)
        reference, action = getattr(found, "kms_key_id", None), "kms:Decrypt"
    else:
        return None
    if not reference or key_permits(
        reference, principal, action=action, region=bucket.region_name, via="s3", arn=call.resource
    ):
        return None
    who = principal.session_arn or principal.arn or "anonymous"
    refusal = f"User: {who} is not authorized to perform: {action} on resource: {reference}"
    return xml_error("AccessDenied", refusal, 403)


def _key_for_new_object(request: Request, bucket: Any) -> str | None:
    """The KMS key of a new object: from its headers, else from the bucket's default encryption."""
    algorithm = request.headers.get("x-amz-server-side-encryption")
    if algorithm:
        named = request.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
        if named or not algorithm.startswith("aws:kms"):
            return named
    rule = (bucket.encryption or {}).get("Rule", {})
    default = (rule[0] if isinstance(rule, list) else rule).get("ApplyServerSideEncryptionByDefault", {})
    key = default.get("KMSMasterKeyID")
    return str(key) if key else None


def _get_permission(self: Any, action: str, resource: str) -> PermissionResult:
    """For DeleteObjects, the only call decided per key; everything else was decided by `authorise`."""
    if action != "s3:DeleteObject":
        return PermissionResult.PERMITTED
    principal = _principal()
    call = Call(principal, action, resource, {"aws:SourceIp": ["127.0.0.1"]})
    decision = evaluate(self.policy, call) if self.policy else Decision.NEUTRAL
    foreign = principal.anonymous or principal.account != self.account_id
    if decision is Decision.DENIED or (decision is Decision.NEUTRAL and foreign):
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED


def _get_lifecycle(request: Request) -> Response | None:
    bucket, key = _bucket(request)
    rules = getattr(bucket, "groundwork_lifecycle", None)
    if bucket is None or key or not rules or "lifecycle" not in request.query or not bucket.rules:
        return None
    inner = xmltodict.unparse({"LifecycleConfiguration": {"@xmlns": _XMLNS, "Rule": rules}})
    size = getattr(bucket, "groundwork_transition_size", "all_storage_classes_128K")
    return xml_response(inner, headers=[("x-amz-transition-default-minimum-object-size", size)])


def _note_transition_size(request: Request) -> Response | None:
    bucket, key = _bucket(request)
    if bucket is not None and not key and "lifecycle" in request.query:
        header = "x-amz-transition-default-minimum-object-size"
        bucket.groundwork_transition_size = request.headers.get(header, "all_storage_classes_128K")
    return None


def _get_notification(request: Request) -> Response | None:
    bucket, key = _bucket(request)
    if bucket is None or key or "notification" not in request.query:
        return None
    raw = getattr(bucket, "groundwork_notification", None)
    return xml_response(raw) if raw and bucket.notification_configuration else None


def _note_notification(request: Request) -> Response | None:
    bucket, key = _bucket(request)
    if bucket is not None and not key and "notification" in request.query:
        bucket.groundwork_notification = request.body
    return None


def _bucket(request: Request) -> tuple[Any | None, str]:
    name, key = bucket_and_key(request.path, request.headers.get("host", ""))
    return bucket_of(name), key


def install() -> None:
    """Apply the patches of the module docstring."""
    if getattr(FakeBucket, "groundwork_patched", False):
        return
    original = FakeBucket.set_lifecycle

    def set_lifecycle(self: Any, rules: list[dict[str, Any]]) -> None:
        original(self, rules)
        self.groundwork_lifecycle = rules

    FakeBucket.set_lifecycle = set_lifecycle
    FakeBucket.get_permission = _get_permission
    FakeBucket.groundwork_patched = True


ROUTES = (
    Route("s3", "*", "/.*", authorise),
    Route("", "*", "/.*", authorise_unsigned),
    Route("s3", "PUT", "/.*", _note_transition_size),
    Route("s3", "GET", "/.*", _get_lifecycle),
    Route("s3", "PUT", "/.*", _note_notification),
    Route("s3", "GET", "/.*", _get_notification),
)
