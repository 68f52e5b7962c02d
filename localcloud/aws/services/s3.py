"""S3: bucket policies are enforced, and Terraform reads the configuration that it wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import xmltodict
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, S3Backend, s3_backends

from localcloud.aws import body_digest, identity
from localcloud.aws.conditions import UnsupportedCondition
from localcloud.aws.key_access import key_permits
from localcloud.aws.patching import Method, wrap
from localcloud.aws.policy import Call, Decision, Principal, evaluate, permitted
from localcloud.aws.routing import Request, Response, Route, xml_error, xml_response
from localcloud.aws.s3_calls import S3Call, bucket_and_key, condition_keys, copy_source, understand

_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
_TRANSITION_SIZE = "x-amz-transition-default-minimum-object-size"


def install() -> None:
    """Replace moto's check of permissions, which contradicts `authorise`, and keep what lifecycle rules lose."""
    wrap(FakeBucket, "get_permission", _get_permission)
    wrap(FakeBucket, "set_lifecycle", _set_lifecycle)
    wrap(S3Backend, "put_object", _put_object)


def _put_object(original: Method, self: Any, *arguments: Any, **keywords: Any) -> Any:
    """Give moto the entity tag of an object that is the request's body; `arguments` are bucket, key and content."""
    if len(arguments) == 3 and (digest := body_digest.of(arguments[2])):
        keywords.setdefault("etag", digest)
    return original(self, *arguments, **keywords)


def bucket_of(name: str) -> Any | None:
    """The moto bucket of that name in any account; None where it does not exist."""
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return None
    partition, account = owner
    return s3_backends[account][partition].buckets.get(name)


# ── who may do what ──────────────────────────────────────────────────────────────────────────────────
def authorise(request: Request) -> Response | None:
    """Refuse with 403 what a bucket's policy, or the policy of another account's key, does not permit; else None.

    moto ignores conditions and principals: it would refuse everybody by a TLS-only policy, and let everybody in by a
    policy for one role of another account.
    """
    s3_call = understand(request)
    bucket = bucket_of(s3_call.bucket) if s3_call else None
    if s3_call is None or bucket is None or (s3_call.action == "s3:CreateBucket" and not s3_call.key):
        return None
    if request.method == "POST" and "delete" in request.query:
        return None  # decided per key, through get_permission
    principal = identity.current_principal()
    context = condition_keys(request, bucket_owner=bucket.account_id)
    try:
        for needed in (s3_call, *copy_source(request)):
            resource = bucket_of(needed.bucket)
            call = Call(principal, needed.action, needed.resource, context)
            # Where the source of a copy does not exist, moto answers NoSuchBucket.
            if resource is not None and not permitted(resource.policy, call, owner=resource.account_id):
                return xml_error("AccessDenied", call.refusal(), 403)
    except UnsupportedCondition as error:
        return xml_error("AccessDenied", f"the bucket policy cannot be evaluated here: {error}", 403)
    return _refuse_by_key(request, s3_call, bucket, principal)


def authorise_unsigned(request: Request) -> Response | None:
    """Anonymous requests reach a bucket only where its policy allows them."""
    if "x-amz-target" in request.headers or request.path == "/":
        return None
    bucket, _ = bucket_and_key(request.path, request.headers.get("host", ""))
    return authorise(request) if bucket_of(bucket) is not None else None


def _refuse_by_key(request: Request, call: S3Call, bucket: Any, principal: Principal) -> Response | None:
    """Refuse with 403 where the policy of the object's KMS key does not permit the call; else None."""
    reference, action = key_use(request, call, bucket)
    if not reference or key_permits(
        reference, principal, action=action, region=bucket.region_name, via="s3", arn=call.resource
    ):
        return None
    return xml_error("AccessDenied", Call(principal, action, reference).refusal(), 403)


def key_use(request: Request, call: S3Call, bucket: Any) -> tuple[str | None, str]:
    """The KMS key that a call on an object uses, as its caller's account names it, and the action; None without one."""
    if call.action == "s3:PutObject":
        reference, action = _key_for_new_object(request, bucket), "kms:GenerateDataKey"
    elif call.action in ("s3:GetObject", "s3:GetObjectVersion") and request.method == "GET":
        version = next(iter(request.query.get("versionId", ())), None)
        stored = s3_backends[bucket.account_id]["aws"].get_object(bucket.name, call.key, version_id=version)
        reference, action = getattr(stored, "kms_key_id", None), "kms:Decrypt"
    else:
        return None, ""
    return (_in_callers_account(reference) if reference else None), action


def _in_callers_account(reference: str) -> str:
    """A key as S3 looks it up: an alias is one of the caller's account, whatever account its ARN names.

    Source: S3 API reference, PutObject and ServerSideEncryptionByDefault.
    """
    _, is_alias, name = reference.partition(":alias/")
    return f"alias/{name}" if is_alias else reference


def _key_for_new_object(request: Request, bucket: Any) -> str | None:
    """The KMS key of a new object: from its headers, else from the bucket's default encryption."""
    algorithm = request.headers.get("x-amz-server-side-encryption")
    if algorithm:
        key = request.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
        if key or not algorithm.startswith("aws:kms"):
            return key
    rule = (bucket.encryption or {}).get("Rule", {})
    default = (rule[0] if isinstance(rule, list) else rule).get("ApplyServerSideEncryptionByDefault", {})
    return default.get("KMSMasterKeyID") or None


def _get_permission(_: Method, self: Any, action: str, resource: str) -> PermissionResult:
    """Decides DeleteObjects, the only call with a decision per key; `authorise` has decided all others."""
    if action != "s3:DeleteObject":
        return PermissionResult.PERMITTED
    principal = identity.current_principal()
    call = Call(principal, action, resource, {"aws:SourceIp": ["127.0.0.1"]})
    decision = evaluate(self.policy, call) if self.policy else Decision.NEUTRAL
    foreign = principal.anonymous or principal.account != self.account_id
    if decision is Decision.DENIED or (decision is Decision.NEUTRAL and foreign):
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED


# ── where a bucket is ────────────────────────────────────────────────────────────────────────────────
def redirect_to_region(request: Request) -> Response | None:
    """Answer 301 with the bucket's region to a request that is signed for another one; moto would serve it.

    By this answer Terraform finds a wrong `region` of its backend. Only the calls that no bucket's region matters to
    are served: CreateBucket, which moto refuses itself, and GetBucketLocation. Source: S3 API reference, HeadBucket;
    S3 user guide, "Request redirection and the REST API".
    """
    s3_call = understand(request)
    bucket = bucket_of(s3_call.bucket) if s3_call else None
    if s3_call is None or bucket is None or bucket.region_name == request.region:
        return None
    if not s3_call.key and s3_call.action in ("s3:CreateBucket", "s3:GetBucketLocation"):
        return None
    message = f"the bucket is in {bucket.region_name}, and the request is signed for {request.region}"
    refusal = xml_error("PermanentRedirect", message, 301)
    return replace(refusal, headers=(*refusal.headers, ("x-amz-bucket-region", bucket.region_name)))


# ── configuration that moto does not answer as it was sent ───────────────────────────────────────────
def bucket_with(request: Request, subresource: str) -> Any | None:
    """The bucket whose configuration `subresource` a request reads or writes; None for any other request."""
    name, key = bucket_and_key(request.path, request.headers.get("host", ""))
    return bucket_of(name) if not key and subresource in request.query else None


def raw_configuration(subresource: str, *, moto_attribute: str) -> tuple[Route, Route]:
    """Routes that answer a configuration exactly as it was sent, while moto's bucket has it in `moto_attribute`."""

    def remember(request: Request) -> None:
        bucket = bucket_with(request, subresource)
        if bucket is not None:
            setattr(bucket, f"groundwork_{subresource}", request.body)

    def answer(request: Request) -> Response | None:
        bucket = bucket_with(request, subresource)
        raw = getattr(bucket, f"groundwork_{subresource}", None)
        return xml_response(raw) if raw and getattr(bucket, moto_attribute, None) else None

    return Route("s3", "PUT", "/.*", remember), Route("s3", "GET", "/.*", answer)


def _set_lifecycle(original: Method, self: Any, rules: list[dict[str, Any]]) -> None:
    """moto drops NewerNoncurrentVersions and filters by ObjectSize, so the next plan would differ."""
    original(self, rules)
    self.groundwork_lifecycle = rules


def _remember_transition_size(request: Request) -> None:
    bucket = bucket_with(request, "lifecycle")
    if bucket is not None:
        bucket.groundwork_transition_size = request.headers.get(_TRANSITION_SIZE, "all_storage_classes_128K")


def _get_lifecycle(request: Request) -> Response | None:
    bucket = bucket_with(request, "lifecycle")
    rules = getattr(bucket, "groundwork_lifecycle", None)
    if bucket is None or not rules or not bucket.rules:
        return None
    body = xmltodict.unparse({"LifecycleConfiguration": {"@xmlns": _XMLNS, "Rule": rules}})
    size = getattr(bucket, "groundwork_transition_size", "all_storage_classes_128K")
    return xml_response(body, headers=[(_TRANSITION_SIZE, size)])


ROUTES = (
    Route("s3", "*", "/.*", redirect_to_region),
    Route("s3", "*", "/.*", authorise),
    Route("", "*", "/.*", authorise_unsigned),
    Route("s3", "PUT", "/.*", _remember_transition_size),
    Route("s3", "GET", "/.*", _get_lifecycle),
    *raw_configuration("notification", moto_attribute="notification_configuration"),  # moto drops EventBridge
)
