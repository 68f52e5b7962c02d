"""KMS: a key's policy says who may use it, and how often it rotates is known.

- authorise: moto evaluates no key policy, so everybody could make the MACs that vouch for a plan; here every use of a
  key is evaluated. Administration is not: Terraform does that as the account's root.
- enable_key_rotation, get_key_rotation_status: moto knows whether a key rotates, but not how often.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud.aws import identity
from localcloud.aws.key_access import key_by_reference
from localcloud.aws.patching import wrap
from localcloud.aws.policy import Call, Principal, permitted
from localcloud.aws.routing import Request, Response, Route, json_error

# Calls that use a key. Source: KMS developer guide, "Permissions reference", the cryptographic operations.
USES = {
    "Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateMac",
    "Sign", "Verify", "VerifyMac",
}  # fmt: skip
DEFAULT_ROTATION_DAYS = 365  # AWS KMS API, EnableKeyRotation: RotationPeriodInDays


def install() -> None:
    """Keep the rotation period: Terraform reads it back and would plan it again forever."""
    from moto.kms.responses import KmsResponse

    wrap(KmsResponse, "enable_key_rotation", _enable)
    wrap(KmsResponse, "get_key_rotation_status", _status)


def _key(response: Any) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]


def _enable(original: Callable[..., Any]) -> Callable[..., Any]:
    def enable_key_rotation(self: Any) -> Any:
        answer = original(self)
        _key(self).rotation_period_in_days = self._get_param("RotationPeriodInDays") or DEFAULT_ROTATION_DAYS
        return answer

    return enable_key_rotation


def _status(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_key_rotation_status(self: Any) -> str:
        status = json.loads(original(self))
        if status["KeyRotationEnabled"]:
            status["RotationPeriodInDays"] = getattr(_key(self), "rotation_period_in_days", DEFAULT_ROTATION_DAYS)
        return json.dumps(status)

    return get_key_rotation_status


def authorise(request: Request) -> Response | None:
    """400, as KMS answers, where the policy of the key that is to be used does not admit the caller, else None."""
    operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
    reference = request.json().get("KeyId") if operation in USES else None
    if not reference:
        return None  # Decrypt may leave the key to the ciphertext, which moto reads
    found = key_by_reference(reference, account=request.account, region=request.region)
    if found is None:
        return None  # moto answers NotFoundException
    key, owner, _ = found
    caller = identity.current()
    principal = Principal(caller.account, caller.principal_arn, caller.session_arn)
    context = {"kms:CallerAccount": [caller.account], "kms:GrantIsForAWSResource": ["false"]}
    if permitted(key.policy, Call(principal, f"kms:{operation}", key.arn, context), owner=owner):
        return None
    who = principal.session_arn or principal.arn or "anonymous"
    refusal = f"User: {who} is not authorized to perform: kms:{operation} on resource: {key.arn}"
    return json_error("AccessDeniedException", refusal, 400)


ROUTES = (Route("kms", "POST", "/.*", authorise),)
