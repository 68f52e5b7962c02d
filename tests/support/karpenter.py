"""An environment whose nodes Karpenter makes, and Karpenter's own charts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Final

from localcloud.kubernetes.releases import Release
from stacks.blocks.cluster.karpenter_releases import NODE_POOLS, controller_values, pool_values
from stacks.values import Names
from stacks.values.karpenter import Karpenter
from tests.support.go_modules import archive_of
from tests.support.synth import environment

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


def releases(folder: Path) -> dict[str, Release]:
    """Name → release as the stack has it, with Karpenter's own charts from `folder`."""
    values = environment(cluster=WITH_KARPENTER)
    karpenter = values.cluster.karpenter
    assert karpenter
    made = {
        "karpenter-crd": (folder / "karpenter-crd", {}),
        "karpenter": (folder / "karpenter", controller_values(Names(values), karpenter)),
        "node-pools": (NODE_POOLS, pool_values(Names(values), karpenter, {"environment": "dev", "team": "platform"})),
    }
    return {
        name: Release(
            address=f"helm_release.{name}",
            name=name,
            namespace="kube-system",
            chart=str(chart),
            version="",
            values=(json.dumps(chart_values),),
        )
        for name, (chart, chart_values) in made.items()
    }


def charts(folder: Path) -> Path:
    """Karpenter's charts in `folder`, of the version that is the default; skips without the Go module."""
    module = f"github.com/aws/karpenter-provider-aws@v{Karpenter.model_fields['version'].default}"
    with zipfile.ZipFile(archive_of(module, checksum=_SUM)) as archive:
        names = [name for name in archive.namelist() if name.startswith(f"{module}/charts/karpenter")]
        archive.extractall(folder, [name for name in names if not name.endswith(".tgz")])
    return folder / module / "charts"
