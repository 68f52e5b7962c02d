"""A small checkout for all tests of this folder; each test begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.mini_project import Mini, mini_project
from tests.support.cloud_project import CloudProject


@pytest.fixture(scope="session")
def mini_checkout(tmp_path_factory: pytest.TempPathFactory, checkout: Path, embedded_aws: CloudProject) -> Mini:
    return mini_project(tmp_path_factory.mktemp("mini") / "checkout", checkout, embedded_aws)


@pytest.fixture
def mini(mini_checkout: Mini) -> Mini:
    """The checkout as it was committed first, with empty states and no plans."""
    mini_checkout.reset()
    return mini_checkout
