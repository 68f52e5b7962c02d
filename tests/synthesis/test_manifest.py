from __future__ import annotations

import json
from pathlib import Path

import pytest

from groundwork.errors import SynthesisError
from groundwork.synthesis import resources
from groundwork.synthesis.manifest import Manifest


def write(out: Path, **dependencies: list[str]) -> Path:
    entries = {
        name: {"name": name, "dependencies": upstream, "workingDirectory": f"stacks/{name}"}
        for name, upstream in dependencies.items()
    }
    (out / "manifest.json").write_text(json.dumps({"stacks": entries, "version": "0.21.0"}))
    return out


def names(out: Path) -> list[str]:
    return [stack.name for stack in Manifest.read(out).stacks]


def test_stacks_keep_their_order_except_that_upstream_stacks_come_first(tmp_path: Path) -> None:
    out = write(tmp_path, api=["archive", "network"], network=[], spare=[], archive=["network"])
    assert names(out) == ["network", "archive", "api", "spare"]
    assert Manifest.read(out).dependencies["api"] == ("archive", "network")
    assert Manifest.read(out).stack("api").folder == tmp_path / "stacks" / "api"


def test_a_dependency_cycle_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match=r"a → b → a|b → a → b"):
        Manifest.read(write(tmp_path, a=["b"], b=["a"]))


def test_a_missing_upstream_stack_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="no such stack: gone"):
        Manifest.read(write(tmp_path, a=["gone"]))


@pytest.mark.parametrize("content", ["", "[]", '{"stacks": {"a": {}}}', '{"stacks"'])
def test_a_broken_manifest_is_named_with_the_command_that_writes_it(content: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(SynthesisError, match=r"manifest\.json") as refused:
        Manifest.read(tmp_path)
    assert refused.value.fix == "gw synth"


def test_resources_carry_address_and_construct_path(tmp_path: Path) -> None:
    stack = Manifest.read(write(tmp_path, net=[])).stack("net")
    stack.folder.mkdir(parents=True)
    body = {"//": {"metadata": {"path": "net/main/vpc", "uniqueId": "x"}}, "cidr_block": "10.0.0.0/16"}
    terraform = {
        "terraform": {"required_providers": {"aws": {}, "helm": {}}},
        "resource": {"aws_vpc": {"main_vpc_1": body}},
        "data": {"aws_region": {"here": {}}},
    }
    stack.file.write_text(json.dumps(terraform))
    by_address = {resource.address: resource for resource in resources.of_stack(stack)}
    assert by_address["aws_vpc.main_vpc_1"].path == "net/main/vpc"
    assert by_address["aws_vpc.main_vpc_1"].body["cidr_block"] == "10.0.0.0/16"
    assert by_address["data.aws_region.here"].is_data
    assert Manifest.read(tmp_path).providers("net") == {"aws", "helm"}
