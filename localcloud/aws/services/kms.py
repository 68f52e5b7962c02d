"""KMS: a key's policy decides who may use it, and a key's rotation period is kept."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws import identity
from localcloud.aws.key_access import find_key
from localcloud.aws.patching import Method, wrap
from localcloud.aws.policy import Call, permitted
from localcloud.aws.routing import Request, Response, Route, json_error

# Calls that use a key. Source: KMS developer guide, "Permissions reference", the cryptographic operations.
USES = {
    "Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateMac",
    "Sign", "Verify", "VerifyMac",
}  # fmt: skip
DEFAULT_ROTATION_DAYS = 365  # AWS KMS API, EnableKeyRotation: RotationPeriodInDays


def install() -> None:
    """moto does not keep the rotation period: Terraform reads it back and would set it again in every plan."""
    from moto.kms.responses import KmsResponse

    wrap(KmsResponse, "enable_key_rotation", _enable_key_rotation)
    wrap(KmsResponse, "get_key_rotation_status", _get_key_rotation_status)


def _enable_key_rotation(original: Method, self: Any) -> Any:
    answer = original(self)
    _key(self).rotation_period_in_days = self._get_param("RotationPeriodInDays") or DEFAULT_ROTATION_DAYS
    return answer


def _get_key_rotation_status(original: Method, self: Any) -> str:
    status = json.loads(original(self))
    if status["KeyRotationEnabled"]:
        status["RotationPeriodInDays"] = getattr(_key(self), "rotation_period_in_days", DEFAULT_ROTATION_DAYS)
    return json.dumps(status)


def _key(response: Any) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]


def authorise(request: Request) -> Response | None:
    """Refuse with KMS's 400 the use of a key whose policy does not permit it; None where the call may go on.

    moto evaluates no key policy, so anybody could make the MACs that vouch for a plan. Administration of a key is not
    evaluated: Terraform does that as the account's root.
    """
    operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
    reference = request.json().get("KeyId") if operation in USES else None
    if not reference:
        return None  # Decrypt may leave the key to the ciphertext, which moto reads
    location = find_key(reference, account=request.account, region=request.region)
    if location is None:
        return None  # moto answers NotFoundException
    key, owner, _ = location
    principal = identity.current_principal()
    context = {"kms:CallerAccount": [principal.account], "kms:GrantIsForAWSResource": ["false"]}
    call = Call(principal, f"kms:{operation}", key.arn, context)
    return None if permitted(key.policy, call, owner=owner) else json_error("AccessDeniedException", call.refusal())


ROUTES = (Route("kms", "POST", "/.*", authorise),)
