"""S3 access logging: a log bucket whose policy also denies something to everybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from moto.s3.models import FakeBucket

from localcloud.aws.patching import wrap


def install() -> None:
    """Let moto read the log bucket's policy: it stumbles over `"Principal": "*"`, which every TLS-only policy has."""
    wrap(FakeBucket, "_log_permissions_enabled_policy", _reading_services_only)


def _reading_services_only(original: Callable[..., bool]) -> Callable[..., bool]:
    def permitted(target_bucket: Any, target_prefix: str | None) -> bool:
        if not target_bucket.policy:
            return False
        policy = json.loads(target_bucket.policy)
        policy["Statement"] = [each for each in policy["Statement"] if isinstance(each.get("Principal"), dict)]
        seen = SimpleNamespace(
            policy=json.dumps(policy).encode(), partition=target_bucket.partition, name=target_bucket.name
        )
        return original(target_bucket=seen, target_prefix=target_prefix)

    return permitted
