"""S3 access logging: a log bucket whose policy also denies something to everybody."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from moto.s3.models import FakeBucket

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """moto fails on `"Principal": "*"` in the log bucket's policy, which every TLS-only policy has."""
    wrap(FakeBucket, "_log_permissions_enabled_policy", _permits_logging)


def _permits_logging(original: Method, target_bucket: Any, target_prefix: str | None) -> Any:
    if not target_bucket.policy:
        return False
    policy = json.loads(target_bucket.policy)
    policy["Statement"] = [each for each in policy["Statement"] if isinstance(each.get("Principal"), dict)]
    readable = SimpleNamespace(
        policy=json.dumps(policy).encode(), partition=target_bucket.partition, name=target_bucket.name
    )
    return original(target_bucket=readable, target_prefix=target_prefix)
