"""The page of supported resource types lists those of the fixtures, and every fixture is run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.localcloud.services.contract import BATCHES, FIXTURES


def test_the_page_lists_every_resource_type_of_the_fixtures_and_no_other(checkout: Path) -> None:
    page = (checkout / "docs" / "embedded-aws-coverage.md").read_text()
    listed = {
        group: sorted(re.findall(r"`(aws_\w+)`", types))
        for group, types in re.findall(r"^\| (\w+) \| (`.+) \|$", page, re.MULTILINE)
    }
    held = {
        path.parent.name: sorted(set(re.findall(r'^resource "(\w+)"', path.read_text(), re.MULTILINE)))
        for path in FIXTURES.glob("*/main.tf")
    }
    assert listed == held


def test_every_fixture_is_run() -> None:
    assert {path.parent.name for path in FIXTURES.glob("*/main.tf")} == {
        name for batch in BATCHES.values() for name in batch
    }
