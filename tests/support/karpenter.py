"""An environment whose nodes Karpenter makes, and the source of Karpenter itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from groundwork.toolchain.process import run
from stacks.values.karpenter import Karpenter

POOLS: Final[dict[str, Any]] = {
    "general": {"image_release": "v20261023", "cpus": 64, "memory_gib": 256},
    "batch": {
        "image": "bottlerocket",
        "image_release": "v1.50.0",
        "architectures": ["arm64", "x86_64"],
        "capacity": ["spot", "on_demand"],
        "categories": ["c"],
        "generation_from": 7,
        "cpus": 32,
        "memory_gib": 128,
        "disk_gib": 100,
        "labels": {"team": "data"},
        "taints": [{"key": "batch", "effect": "no_execute"}, {"key": "team", "value": "data"}],
        "consolidate": "when_empty",
        "consolidate_after_minutes": 0,
        "expire_days": 7,
        "drain_minutes": 90,
        "budgets": [
            {"nodes": "20%", "reasons": ["drifted", "underutilized"]},
            {"nodes": "0", "schedule": "0 8 * * 1-5", "hours": 10},
        ],
        "weight": 10,
    },
}
WITH_KARPENTER: Final[dict[str, Any]] = {
    "nodes": "karpenter",
    "node_groups": {"home": {}},
    "karpenter": {"pools": POOLS},
}
_SUM = "h1:XS61hMCoPL0sXWh5JtJeyTCZLN5Y1So1uNU70pmLccY="  # of the Go module, as go.sum would have it


def source() -> Path:
    """The source of the version that is the default, from the Go module proxy: its charts and kinds. Skips without."""
    module = f"github.com/aws/karpenter-provider-aws@v{Karpenter.model_fields['version'].default}"
    finished = run(["go", "mod", "download", "-json", module], environ=os.environ, keep_stdout=True)
    if not finished.ok:
        pytest.skip(f"go cannot download {module}: {finished.tail}")
    answer = json.loads(finished.stdout)
    assert answer["Sum"] == _SUM, f"{module} is not the one that was read"
    return Path(answer["Dir"])
