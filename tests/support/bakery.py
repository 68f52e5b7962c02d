"""An app that has nothing to do with this repository's: two stacks of a bakery, of one environment without a file."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

from tests.support.cloud_project import CloudProject, begin_repository, link_checkout, state_bucket

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
    required_rules = ()
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


def bakery(root: Path, cloud: CloudProject, checkout: Path, *, more: str = "") -> Path:
    """The app in `root`, committed on main; `more` are further lines of its main.py. Returns `root`.

    Its states have a prefix of their own in the embedded AWS.
    """
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
    prefix = uuid.uuid4().hex
    for name, text in {
        "main.py": MAIN.replace("app.synth()", f"{more}app.synth()"),
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
        (root / name).write_text(text.replace("bakery/", f"{prefix}/"))
    begin_repository(root, "Ada", "ada@example.com")
    return root
