"""The tool works for any CDKTF app: here, one with other stacks, other names and no environment files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support import warm_gw
from tests.support.bakery import bakery
from tests.support.cloud_project import CloudProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


@pytest.fixture
def app(tmp_path: Path, cloud: CloudProject, checkout: Path) -> Path:
    return bakery(tmp_path / "bakery", cloud, checkout)


def test_synth_diff_review_check_plan_and_deploy_work_on_another_app(app: Path, checkout: Path) -> None:
    def gw(*words: str, code: int = 0) -> str:
        done = warm_gw.run(warm_gw.server(checkout), words, cwd=app, environ=dict(os.environ))
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    assert "night-oven" in gw("synth") + gw("list")
    rows = {row["stack"]: row for row in json.loads(gw("diff", "--json", code=21))}
    assert {name: row["status"] for name, row in rows.items()} == {"night-oven": "change", "night-shop": "blocked"}

    assert {row["stack"] for row in json.loads(gw("deploy", "night", "--json"))} == {"night-oven", "night-shop"}
    assert {row["status"] for row in json.loads(gw("diff", "night", "--json"))} == {"no change"}

    (app / "batches.txt").write_text("eight")
    subprocess.run(["git", "commit", "-qam", "One batch more"], cwd=app, check=True)
    review = json.loads(gw("review", "HEAD~1..HEAD", "--format", "json", code=20))
    assert "night-oven" in json.dumps(review)
    gw("check")
    plans = json.loads(gw("plan", "make", "night", "--json"))
    assert [(plan["stack"], plan["outcome"]) for plan in plans["bundles"]] == [("night-oven", "change")]
    assert [waiting["stack"] for waiting in plans["waiting"]] == ["night-shop"], "its shelf is unknown until then"
    gw("deploy", "night")
    assert {row["status"] for row in json.loads(gw("diff", "night", "--json"))} == {"no change"}
