"""What surrounds a command changes nothing: no network, another locale and time zone, a second command beside it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.support.bakery import bakery
from tests.support.cloud_project import CloudProject, cloud_project
from tests.support.namespaces import without_network

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

ABROAD = {"LC_ALL": "C", "PYTHONUTF8": "0", "LANGUAGE": "tr", "TZ": "Pacific/Kiritimati"}
TEXT = "Größe ☃ İı"
PARAMETER = """
from cdktf import TerraformProvider

settings = {key: BACKEND[key] for key in BACKEND if key in ("region", "profile", "shared_config_files")}
settings["shared_credentials_files"] = BACKEND["shared_credentials_files"]
provider = TerraformProvider(oven, "aws", terraform_resource_type="aws", terraform_provider_source="hashicorp/aws")
for key, value in settings.items():
    provider.add_override(key, value)
oven.add_override("terraform.required_providers.aws", {"source": "hashicorp/aws", "version": "5.100.0"})
parameter = TerraformResource(oven, "parameter", terraform_resource_type="aws_ssm_parameter")
for key, value in {"name": "/batches", "type": "String", "value": BATCHES}.items():
    parameter.add_override(key, value)

"""
LOG = """log = pathlib.Path("made").resolve()
oven.made.add_override("provisioner", [{"local-exec": {"command": f"sleep 3; echo made >>{log}"}}])
"""


def gw(root: Path, *words: str, code: int = 0, environ: Mapping[str, str] | None = None) -> str:
    """A new process, as a shell starts it; returns what it printed."""
    done = subprocess.run(
        [str(root / ".venv/bin/gw"), *words],
        cwd=root,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        check=False,
    )
    text = (done.stdout + done.stderr).decode()
    assert done.returncode == code, f"gw {' '.join(words)} ended with {done.returncode}\n{text}"
    return text


def statuses(root: Path, environ: Mapping[str, str] | None = None) -> set[str]:
    """The statuses of all stacks in a diff."""
    shown = gw(root, "diff", "night", "--json", environ=environ)
    return {row["status"] for row in json.loads(shown[shown.index("[") : shown.rindex("]") + 1])}


@pytest.fixture
def app(tmp_path: Path, cloud: CloudProject, checkout: Path) -> Path:
    return bakery(tmp_path / "bakery", cloud, checkout)


def test_locale_and_time_zone_change_nothing(app: Path) -> None:
    (app / "batches.txt").write_text(TEXT, encoding="utf-8")
    subprocess.run(["git", "commit", "-qam", TEXT, f"--author={TEXT} <ada@example.com>"], cwd=app, check=True)
    gw(app, "deploy", "night", environ=ABROAD)
    assert statuses(app, ABROAD) == {"no change"}
    assert TEXT in gw(app, "review", "HEAD~1..HEAD", "--format", "json", code=20, environ=ABROAD)


def test_a_deployment_and_a_review_need_no_network(tmp_path: Path, checkout: Path) -> None:
    """Everything lies on this machine after the set-up: programs, providers, packages."""

    def deploy_and_review() -> None:
        with cloud_project(tmp_path / "cloud", checkout, checkout / ".venv/bin/python") as cloud:
            app = bakery(tmp_path / "bakery", cloud, checkout, more=PARAMETER)
            (app / "stacks").mkdir()
            (app / "stacks" / "provider_locks").symlink_to(checkout / "stacks" / "provider_locks")
            (app / "batches.txt").write_text("eight")
            subprocess.run(["git", "commit", "-qam", "One batch more"], cwd=app, check=True)
            gw(app, "doctor")
            gw(app, "deploy", "night")
            assert cloud.client("ssm").get_parameter(Name="/batches")["Parameter"]["Value"] == "eight"
            assert statuses(app) == {"no change"}
            assert "night-oven" in gw(app, "review", "HEAD~1..HEAD", code=20)

    without_network(deploy_and_review)


def test_two_deployments_at_once_make_everything_once(app: Path) -> None:
    (app / "main.py").write_text((app / "main.py").read_text().replace("app.synth()", f"{LOG}app.synth()"))
    both = [subprocess.Popen([str(app / ".venv/bin/gw"), "deploy", "night"], cwd=app, stderr=PIPE) for _ in range(2)]
    ends = [(deployment.wait(), deployment.stderr.read().decode() if deployment.stderr else "") for deployment in both]
    for code, text in ends:
        assert code == 0 or "is locked by" in text, text
    assert 0 in [code for code, _ in ends]
    gw(app, "deploy", "night")
    assert (app / "made").read_text().split() == ["made"], "the oven's batches are made once"
