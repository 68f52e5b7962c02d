"""The tool works for any CDKTF app: here, one with other stacks, other names and no environment files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import warm_gw
from tests.support.cloud_project import CloudProject, begin_repository, link_checkout, state_bucket

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

MAIN = '''
"""Two stacks of a bakery."""

import json
import pathlib

from cdktf import App, S3Backend, TerraformResource, TerraformStack

BACKEND = json.loads(pathlib.Path("backend.json").read_text())
BATCHES = pathlib.Path("batches.txt").read_text().strip()


class Bakery(TerraformStack):
    def __init__(self, scope, name, *, resource, value):
        super().__init__(scope, name)
        S3Backend(self, key=f"bakery/{name}", **BACKEND)
        self.made = TerraformResource(self, resource, terraform_resource_type="terraform_data")
        self.made.add_override("input", value)


app = App()
oven = Bakery(app, "night-oven", resource="batches", value=BATCHES)
baked = oven.made.interpolation_for_attribute("output")
Bakery(app, "night-shop", resource="shelf", value=baked)
app.synth()
'''

PLATFORM = '''
"""The bakery as the tool sees it."""

from groundwork.platform import PreflightLimits


class Night:
    name = "night"
    target = "laptop"
    region = "eu-west-2"
    account = "000000000000"
    protect = False
    kubernetes_version = ""
    quotas = ()
    principals = {}
    guards = {}
    bootstrap_stacks = ()
    plan_store = None
    github = None
    preflight = PreflightLimits(frozenset({account}), frozenset({region}), frozenset(), {})

    def state_key(self, stack):
        return f"bakery/{stack}"

    def upstream_of(self, stack):
        return ["night-oven"] if stack == "night-shop" else []

    def require_real_accounts(self):
        pass


class Bakery:
    commands = ()

    def environments(self, folder):
        return [Night()]

    def names(self, folder):
        return ["night"]

    def synth_arguments(self, environments, folder):
        return []


PLATFORM = Bakery()
'''


@pytest.fixture
def app(tmp_path: Path, cloud: CloudProject, checkout: Path) -> Path:
    root = tmp_path / "bakery"
    link_checkout(root, checkout, cloud)
    state_bucket(cloud)
    shutil.rmtree(root / "environments")
    backend = {
        **cloud.backend,
        "bucket": "state",
        "use_path_style": True,
        "skip_metadata_api_check": True,
        "dynamodb_table": "locks",
    }
    for name, text in {
        "main.py": MAIN,
        "bakery_platform.py": PLATFORM,
        "backend.json": json.dumps(backend),
        "batches.txt": "seven",
        "cdktf.json": json.dumps(
            {
                "language": "python",
                "app": "python main.py",
                "projectId": "bakery",
                "context": {"groundwork": "bakery_platform"},
            }
        ),
    }.items():
        (root / name).write_text(text)
    begin_repository(root, "Ada", "ada@example.com")
    return root


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
