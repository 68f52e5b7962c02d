"""Whether a KMS key of another account lets a caller use it: the key's policy decides."""

from __future__ import annotations

from typing import Any

from localcloud.aws.policy import Call, Principal, permitted


def key_by_reference(reference: str, *, account: str, region: str) -> tuple[Any, str, str] | None:
    """The moto key that an ARN, alias or id names, with its account and region; None when there is none."""
    from moto.kms.models import kms_backends

    if reference.startswith("arn:"):
        _, _, _, region, account, _ = reference.split(":", 5)
    backend = kms_backends[account][region]
    try:
        identifier = backend.any_id_to_key_id(reference)
    except Exception:
        return None
    key = backend.keys.get(identifier)
    return (key, account, region) if key is not None else None


def key_permits(reference: str, principal: Principal, *, action: str, region: str, via: str, arn: str) -> bool:
    """Whether `principal` may do `action` (kms:GenerateDataKey, kms:Decrypt) with a key, through service `via`.

    `arn` is what is encrypted, as S3 puts it into the encryption context.
    """
    found = key_by_reference(reference, account=principal.account, region=region)
    if found is None:
        return False
    key, owner, key_region = found
    call = Call(
        principal=principal,
        action=action,
        resource=key.arn,
        context={
            "kms:CallerAccount": [principal.account],
            "kms:ViaService": [f"{via}.{key_region}.amazonaws.com"],
            "kms:EncryptionContext:aws:s3:arn": [arn],
            "kms:GrantIsForAWSResource": ["false"],
        },
    )
    return permitted(key.policy, call, owner=owner)
