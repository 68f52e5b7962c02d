"""Providers that tests share plan what a provider of its own plans; nothing is shared between different sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import terraform
from tests.support.shared_provider import reduced

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

STACK = """
variable "region" { default = "eu-west-2" }
provider "aws" {
  region                      = var.region
  access_key                  = "x"
  secret_key                  = "x"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  default_tags {
    tags = { owner = "platform" }
  }
}
data "aws_region" "here" {}
resource "aws_sqs_queue" "jobs" { name = "jobs-${data.aws_region.here.name}" }
"""


def planned(program: terraform.Terraform, folder: Path, *options: str) -> dict[str, Any]:
    environ = {"AWS_EC2_METADATA_DISABLED": "true"}
    outcome = program.run(folder, "plan", "-refresh=false", "-out=plan", *options, environ=environ)
    assert outcome.code == 0, outcome.end
    plan: dict[str, Any] = json.loads(program.run(folder, "show", "-json", "plan", environ=environ).output)
    return {key: plan[key] for key in ("planned_values", "resource_changes", "prior_state")}


def test_runs_share_a_provider_and_plan_what_one_of_its_own_plans(checkout: Path, tmp_path: Path) -> None:
    for name in ("own", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "main.tf").write_text(STACK)
    own = planned(terraform.find_or_skip(checkout, tmp_path / "own", shared=False), tmp_path)
    shared = terraform.find_or_skip(checkout, tmp_path / "shared")
    assert planned(shared, tmp_path) == own
    assert planned(shared, tmp_path) == own
    elsewhere = planned(shared, tmp_path, "-var", "region=eu-west-1")
    assert elsewhere["planned_values"]["root_module"]["resources"][0]["values"]["name"] == "jobs-eu-west-1"


def test_a_schema_without_the_types_that_nobody_names_keeps_the_rest() -> None:
    provider, queue, topic = b"\x0a\x01p", b"\x12\x07\x0a\x05queue", b"\x12\x07\x0a\x05topic"
    capabilities = b"\x32\x00"
    assert reduced(provider + queue + topic + capabilities, {"queue"}) == provider + queue + capabilities
