"""S3 replication: moto forgets most of a rule, and never copies anything.

What a rule covers is in the other bucket when the call is answered (AWS takes seconds to minutes). Contents and delete
markers are copied; metadata and tags are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.s3.models import S3Backend, s3_backends

from localcloud.aws.patching import Method, wrap
from localcloud.aws.services.s3 import bucket_of, raw_configuration


def install() -> None:
    """Copy every new version and delete marker."""
    wrap(S3Backend, "put_object", _put_object)
    wrap(S3Backend, "delete_object", _delete_object)


def _put_object(
    original: Method, self: Any, bucket_name: str, key_name: str, value: bytes, *args: Any, **keywords: Any
) -> Any:
    stored = original(self, bucket_name, key_name, value, *args, **keywords)
    for rule, replica in _replicas(bucket_name, key_name):
        key = (rule["Destination"].get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID")
        # `original` ignores the rules of the replica's own bucket: S3 replicates no replicas, and two may name each
        # other.
        original(
            s3_backends[replica.account_id]["aws"],
            replica.name,
            key_name,
            value,
            encryption="aws:kms" if key else None,
            kms_key_id=key,
        )
    return stored


def _delete_object(original: Method, self: Any, bucket_name: str, key_name: str, *args: Any, **keywords: Any) -> Any:
    answer = original(self, bucket_name, key_name, *args, **keywords)
    version = args[0] if args else keywords.get("version_id")
    # A version that is removed for good stays in the replica: that is what a replica is for.
    for rule, replica in () if version else _replicas(bucket_name, key_name):
        if (rule.get("DeleteMarkerReplication") or {}).get("Status") == "Enabled" and key_name in replica.keys:
            original(s3_backends[replica.account_id]["aws"], replica.name, key_name)
    return answer


def _replicas(bucket_name: str, key_name: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each enabled rule that covers the key, with the bucket that it fills."""
    source = bucket_of(bucket_name)
    for rule in (getattr(source, "replication", None) or {}).get("Rule", ()):
        replica = bucket_of(rule["Destination"]["Bucket"].rsplit(":", 1)[-1])
        if rule["Status"] == "Enabled" and replica is not None and key_name.startswith(_prefix(rule)):
            yield rule, replica


def _prefix(rule: dict[str, Any]) -> str:
    rule_filter = rule.get("Filter") or {}
    return str(rule.get("Prefix") or rule_filter.get("Prefix") or (rule_filter.get("And") or {}).get("Prefix") or "")


# moto answers every rule with delete markers off and without its source selection: the next plan would differ.
ROUTES = raw_configuration("replication", moto_attribute="replication")
