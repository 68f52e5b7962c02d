"""With a base, only changed stacks and the stacks that read them are planned."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from groundwork.plan.affected import affected
from groundwork.synthesis.manifest import Manifest


@pytest.fixture
def head(synthesised: Path, tmp_path: Path) -> Path:
    """A copy of the synthesised stacks that can be changed."""
    out = tmp_path / "head"
    shutil.copytree(synthesised, out, ignore=shutil.ignore_patterns("*.zip"))
    return out


def test_the_same_code_affects_nothing(synthesised: Path, head: Path) -> None:
    assert affected(Manifest.read(synthesised), Manifest.read(head)) == frozenset()


def test_code_that_moves_without_changing_terraform_affects_nothing(synthesised: Path, head: Path) -> None:
    file = head / "stacks" / "dev-network" / "cdk.tf.json"
    file.write_text(file.read_text().replace('"path": "dev-network/', '"path": "dev-network/elsewhere/'))
    assert "elsewhere" in file.read_text()
    assert affected(Manifest.read(synthesised), Manifest.read(head)) == frozenset()


def test_a_changed_stack_affects_its_readers_and_no_other_environment(synthesised: Path, head: Path) -> None:
    file = head / "stacks" / "dev-network" / "cdk.tf.json"
    terraform = json.loads(file.read_text())
    terraform["output"] = {**terraform.get("output", {}), "new": {"value": "x"}}
    file.write_text(json.dumps(terraform))
    expected = {"dev-network", "dev-cluster", "dev-data", "dev-workloads", "dev-api"}
    assert affected(Manifest.read(synthesised), Manifest.read(head)) == expected


def test_another_provider_lock_or_a_new_stack_is_a_change(synthesised: Path, head: Path) -> None:
    lock = head / "stacks" / "prod-workloads" / ".terraform.lock.hcl"
    lock.write_text(lock.read_text() + "\n")
    shutil.copytree(head / "stacks" / "dev-account", head / "stacks" / "dev-new")
    manifest = json.loads((head / "manifest.json").read_text())
    manifest["stacks"]["dev-new"] = {"name": "dev-new", "dependencies": []}
    (head / "manifest.json").write_text(json.dumps(manifest))
    assert affected(Manifest.read(synthesised), Manifest.read(head)) == {"prod-workloads", "dev-new"}
