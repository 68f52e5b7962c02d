"""One embedded AWS for the tests of a module, and a checkout of its own for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud_project import CloudProject, cloud_project
from tests.support.planned_project import PlannedProject, planned_project


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[CloudProject]:
    with cloud_project(tmp_path_factory.mktemp("cloud"), checkout, Path(sys.executable)) as made:
        yield made


@pytest.fixture
def project(tmp_path: Path, cloud: CloudProject, checkout: Path) -> PlannedProject:
    return planned_project(tmp_path / "checkout", cloud, checkout)
