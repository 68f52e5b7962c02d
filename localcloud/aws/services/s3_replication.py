"""S3 replication: moto forgets most of a rule, and never copies anything.

- GET ?replication: moto answers every rule with delete markers off and without its source selection, so the next plan
  would differ; here it is what was put.
- put_object, delete_object: what a rule covers is in the other bucket when the call is answered (AWS takes seconds to
  minutes). Contents and delete markers are copied; metadata and tags are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moto.s3.models import S3Backend, s3_backends

from localcloud.aws.patching import wrap
from localcloud.aws.routing import Request, Response, Route, xml_response
from localcloud.aws.s3_calls import bucket_and_key
from localcloud.aws.services.s3 import bucket_of


def install() -> None:
    """Let every new version and delete marker travel."""
    wrap(S3Backend, "put_object", _copy_version)
    wrap(S3Backend, "delete_object", _copy_marker)


def _copy_version(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_object(self: Any, bucket_name: str, key_name: str, value: bytes, *args: Any, **keywords: Any) -> Any:
        made = original(self, bucket_name, key_name, value, *args, **keywords)
        for rule, replica in _replicas(bucket_name, key_name):
            encryption = rule["Destination"].get("EncryptionConfiguration") or {}
            key = encryption.get("ReplicaKmsKeyID")
            # Past the rules of the replica's own bucket: S3 replicates no replicas, and two may name each other.
            original(
                s3_backends[replica.account_id]["aws"],
                replica.name,
                key_name,
                value,
                encryption="aws:kms" if key else None,
                kms_key_id=key,
            )
        return made

    return put_object


def _copy_marker(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_object(self: Any, bucket_name: str, key_name: str, *args: Any, **keywords: Any) -> Any:
        done = original(self, bucket_name, key_name, *args, **keywords)
        for_good = args[0] if args else keywords.get("version_id")
        # Versions that are removed for good stay in the replica: that is what it is for.
        for rule, replica in () if for_good else _replicas(bucket_name, key_name):
            if (rule.get("DeleteMarkerReplication") or {}).get("Status") == "Enabled" and key_name in replica.keys:
                original(s3_backends[replica.account_id]["aws"], replica.name, key_name)
        return done

    return delete_object


def _replicas(bucket_name: str, key_name: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each enabled rule that covers the key, with the bucket that it fills."""
    source = bucket_of(bucket_name)
    for rule in (getattr(source, "replication", None) or {}).get("Rule", ()):
        replica = bucket_of(rule["Destination"]["Bucket"].rsplit(":", 1)[-1])
        if rule["Status"] == "Enabled" and replica is not None and key_name.startswith(_prefix(rule)):
            yield rule, replica


def _prefix(rule: dict[str, Any]) -> str:
    chosen = rule.get("Filter") or {}
    return str(rule.get("Prefix") or chosen.get("Prefix") or (chosen.get("And") or {}).get("Prefix") or "")


def _note(request: Request) -> Response | None:
    bucket, asked = _bucket(request)
    if asked:
        bucket.groundwork_replication = request.body
    return None


def _get(request: Request) -> Response | None:
    bucket, asked = _bucket(request)
    if not asked or not getattr(bucket, "replication", None):
        return None
    return xml_response(bucket.groundwork_replication)


def _bucket(request: Request) -> tuple[Any, bool]:
    name, key = bucket_and_key(request.path, request.headers.get("host", ""))
    bucket = bucket_of(name)
    return bucket, bucket is not None and not key and "replication" in request.query


ROUTES = (
    Route("s3", "PUT", "/.*", _note),
    Route("s3", "GET", "/.*", _get),
)
