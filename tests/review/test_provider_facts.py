"""The committed facts about the AWS provider's schema are those of its pinned version."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from groundwork.paths import Project
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
def test_the_committed_facts_are_the_provider_s(tmp_path: Path, checkout: Path, pytestconfig: pytest.Config) -> None:
    """After another version of the AWS provider: `pytest tests/review/test_provider_facts.py --update-golden`."""
    import os

    project = Project(checkout)
    binary = terraform_tool.find(os.environ, project, may_download=False)
    environ = environment.environment(os.environ, project, binary)
    requirement = {"aws": {"source": "hashicorp/aws", "version": "5.100.0"}}
    (tmp_path / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": requirement}}))
    for words in (["init", "-input=false", "-no-color"], ["providers", "schema", "-json"]):
        done = subprocess.run(
            [str(binary.path), *words], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        )
    text = provider_facts.extract(json.loads(done.stdout))
    if pytestconfig.getoption("--update-golden"):
        provider_facts.FILE.write_text(text)
    assert provider_facts.FILE.read_text() == text
