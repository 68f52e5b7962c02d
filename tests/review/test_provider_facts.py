"""The committed facts about the AWS provider's schema are those of its pinned version."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from groundwork.paths import Project
from groundwork.preflight import schema
from groundwork.review import provider_facts
from groundwork.toolchain import environment
from groundwork.toolchain import terraform as terraform_tool


def test_the_facts_name_well_known_attributes() -> None:
    facts = provider_facts.facts()
    assert "password" in facts.sensitive["aws_db_instance"]
    assert "secret_string" in facts.sensitive["aws_secretsmanager_secret_version"]
    assert "set_sensitive.value" in facts.sensitive["helm_release"]
    assert facts.is_set("aws_security_group", "ingress")
    assert not facts.is_set("aws_lambda_function", "layers")
    assert facts.is_map("aws_lambda_function", "environment.variables")
    assert not facts.is_map("aws_lambda_function", "environment")


@pytest.mark.slow
@pytest.mark.terraform
@pytest.mark.parametrize("extracted", [provider_facts, schema])
def test_the_committed_facts_are_the_provider_s(
    extracted: ModuleType, aws_schema: dict[str, Any], pytestconfig: pytest.Config
) -> None:
    """After another version of the AWS provider: `pytest tests/review/test_provider_facts.py --update-golden`."""
    text = extracted.extract(aws_schema)
    if pytestconfig.getoption("--update-golden"):
        extracted.FILE.write_text(text)
    assert extracted.FILE.read_text() == text


@pytest.fixture(scope="module")
def aws_schema(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> dict[str, Any]:
    """What `terraform providers schema -json` prints for the pinned AWS provider."""
    import os

    folder, project = tmp_path_factory.mktemp("schema"), Project(checkout)
    binary = terraform_tool.find(os.environ, project, may_download=False)
    environ = environment.environment(os.environ, project, binary)
    requirement = {"aws": {"source": "hashicorp/aws", "version": "5.100.0"}}
    (folder / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": requirement}}))
    for words in (["init", "-input=false", "-no-color"], ["providers", "schema", "-json"]):
        done = subprocess.run(
            [str(binary.path), *words], cwd=folder, env=environ, capture_output=True, text=True, check=True
        )
    read: dict[str, Any] = json.loads(done.stdout)
    return read
