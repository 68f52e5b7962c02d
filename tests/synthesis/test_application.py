from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.synthesis import origin, resources
from groundwork.synthesis.manifest import Manifest


@pytest.mark.slow
@pytest.mark.row("1.4")
def test_every_stack_is_byte_for_byte_what_stock_makes(synthesised: Path, checkout: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "GROUNDWORK_SYNTH": "stock", "CDKTF_OUTDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "main.py"], cwd=checkout, env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    fast, stock = Manifest.read(synthesised), Manifest.read(tmp_path)
    assert [stack.name for stack in fast.stacks] == [stack.name for stack in stock.stacks]
    different = [
        a.name for a, b in zip(fast.stacks, stock.stacks, strict=True) if a.file.read_bytes() != b.file.read_bytes()
    ]
    assert different == []


def test_every_resource_of_every_stack_is_traced_to_a_line_of_a_stack(synthesised: Path, checkout: Path) -> None:
    for stack in Manifest.read(synthesised).stacks:
        for resource in resources.of_stack(stack):
            if resource.type == "terraform_remote_state":  # made by cdktf for a reference to another stack
                continue
            (created,) = origin.where(synthesised, resource.address, stack=stack.name)
            assert created.lines, resource.address
            assert any(line.startswith("stacks/") for line in created.lines), created
            file, number = created.lines[0].split(":")
            assert int(number) <= len((checkout / file).read_text().splitlines())


def test_every_stack_of_the_application_has_its_provider_lock(synthesised: Path) -> None:
    for stack in Manifest.read(synthesised).stacks:
        assert (stack.folder / ".terraform.lock.hcl").is_file(), stack.name
