"""Terraform's own Helm provider plans, releases and removes the services of dev and prod on a real API server.

Who plans has the rights of the cluster role `view`, which AmazonEKSViewPolicy repeats (EKS user guide, "Review access
policy permissions"): it reads no Secret, so Helm has to keep its releases in ConfigMaps.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import cli_config, providers, terraform
from tests.localcloud.kubernetes.conftest import Laptop
from tests.support.terraform import Outcome, Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(600)]

HELM = providers.Provider("registry.terraform.io/hashicorp/helm", "3.1.1")


@pytest.fixture
def program(checkout: Path, tmp_path: Path) -> Terraform:
    """Terraform that can install the Helm provider, or skip."""
    project = Project(checkout)
    sources = providers.sources(os.environ, project)
    if not any(HELM.version in (*source.unpacked.get(HELM.address, ()), *source.packed.get(HELM.address, ()))
               for source in sources):  # fmt: skip
        pytest.skip(f"no mirror of this machine has {HELM}; `make setup` fetches it where the registry can be reached")
    try:
        binary = terraform.find(os.environ, project, may_download=False).path
    except ToolMissing as missing:
        pytest.skip(str(missing))
    config = tmp_path / "terraform.rc"
    config.write_text(cli_config.provider_installation(sources), encoding="utf-8")
    return Terraform(binary, config)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_viewer_plans_and_an_administrator_releases(
    environment: str, program: Terraform, laptop: Laptop, synthesised: Path, tmp_path: Path
) -> None:
    stack = tmp_path / "stack"
    shutil.copytree(synthesised / "stacks" / f"{environment}-workloads", stack)
    on_the_laptop(stack / "cdk.tf.json")
    laptop.kubectl_output("create", "clusterrolebinding", f"{environment}-plan", "--clusterrole=view", "--group=plan")
    viewer = acting_as(laptop, "plan", tmp_path / "viewer")
    administrator = acting_as(laptop, "system:masters", tmp_path / "administrator")

    def run(user: Path, command: str, *arguments: str) -> Outcome:
        options = ("-no-color", "-input=false")
        return program.run(stack, command, *options, *arguments, environ={"KUBE_CONFIG_PATH": str(user)})

    def succeed(outcome: Outcome) -> None:
        assert outcome.code == 0, outcome.end

    succeed(run(viewer, "init"))
    refused = run(viewer, "apply", "-auto-approve")
    assert refused.code == 1, refused.end
    assert "forbidden" in refused.end
    succeed(run(viewer, "plan", "-out=approved"))
    succeed(run(administrator, "apply", "approved"))
    assert "hello" in laptop.kubectl_output("get", "deployments", "--all-namespaces", "--output=name")
    succeed(run(viewer, "plan", "-detailed-exitcode"))
    succeed(run(administrator, "destroy", "-auto-approve"))
    assert "hello" not in laptop.kubectl_output("get", "deployments", "--all-namespaces", "--output=name")


def on_the_laptop(file: Path) -> None:
    """Leave of a synthesised stack what concerns Helm; which cluster and who acts come from KUBE_CONFIG_PATH."""
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    (provider,) = document["provider"]["helm"]
    reached = {key: value for key, value in provider.items() if key != "kubernetes"}
    own = {
        "provider": {"helm": [reached]},
        "resource": {"helm_release": document["resource"]["helm_release"]},
        "terraform": {"required_providers": {"helm": document["terraform"]["required_providers"]["helm"]}},
    }
    file.write_text(json.dumps(own), encoding="utf-8")
    (file.parent / ".terraform.lock.hcl").unlink(missing_ok=True)


def acting_as(laptop: Laptop, group: str, file: Path) -> Path:
    """A kubeconfig of the laptop's cluster whose user acts as a member of `group`."""
    config: dict[str, Any] = yaml.safe_load(laptop.kubeconfig.read_text(encoding="utf-8"))
    for user in config["users"]:
        user["user"] |= {"as": "somebody", "as-groups": [group]}
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file
