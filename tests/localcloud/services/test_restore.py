"""After a stop and a start of the embedded AWS, Terraform plans no changes of what was deployed."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from tests.localcloud.services.contract import Group
from tests.support import terraform

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

# Images, whose registry has a lock of its own; a cluster with its parts; and services that only the store holds.
RESTORED = ("secrets", "cluster", "observability")


def test_after_a_restart_terraform_plans_no_changes_and_can_destroy(checkout: Path, tmp_path: Path) -> None:
    program = terraform.find_or_skip(checkout, tmp_path)
    cloud = LocalCloud(tmp_path / "cloud", Path(sys.executable))
    endpoint = cloud.up(port=0).endpoint
    groups = [Group(name, tmp_path / name, endpoint, program) for name in RESTORED]
    try:
        with ThreadPoolExecutor(2) as pool:
            for group in groups:
                group.prepare()
            applied = list(pool.map(Group.apply, groups))
            cloud.down()
            cloud.up(port=int(endpoint.rsplit(":", 1)[1]))
            planned = list(pool.map(Group.plan, groups))
            destroyed = groups[0].destroy()
    finally:
        cloud.down()

    for group, apply, plan in zip(groups, applied, planned, strict=True):
        assert apply.code == 0, f"{group.name}: {apply.end}"
        assert plan.code == 0, f"{group.name} differs after the restart:\n{plan.end}"
    assert destroyed.code == 0, destroyed.end
