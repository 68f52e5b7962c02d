"""Whether the policy of a KMS key lets a caller use it."""

from __future__ import annotations

from typing import Any

from localcloud.aws.policy import Call, Principal, permitted


def find_key(reference: str, *, account: str, region: str) -> tuple[Any, str, str] | None:
    """The moto key that an ARN, alias or id names, with its account and region; None where it does not exist."""
    from moto.kms.models import kms_backends

    if reference.startswith("arn:"):
        _, _, _, region, account, _ = reference.split(":", 5)
    backend = kms_backends[account][region]
    try:
        key = backend.keys.get(backend.any_id_to_key_id(reference))
    except Exception:
        return None
    return None if key is None else (key, account, region)


def key_permits(reference: str, principal: Principal, *, action: str, region: str, via: str, arn: str) -> bool:
    """Whether `principal` may do `action` (kms:GenerateDataKey, kms:Decrypt) with a key, through the service `via`.

    `arn` is what is encrypted, as S3 puts it into the encryption context.
    """
    location = find_key(reference, account=principal.account, region=region)
    if location is None:
        return False
    key, owner, key_region = location
    context = {
        "kms:CallerAccount": [principal.account],
        "kms:ViaService": [f"{via}.{key_region}.amazonaws.com"],
        "kms:EncryptionContext:aws:s3:arn": [arn],
        "kms:GrantIsForAWSResource": ["false"],
    }
    return permitted(key.policy, Call(principal, action, key.arn, context), owner=owner)
