"""The helm binary."""

import os
from pathlib import Path

import pytest

from groundwork.paths import Project
from groundwork.toolchain import go_tools


@pytest.fixture(scope="session")
def helm(checkout: Path) -> Path:
    tool = go_tools.find("helm", os.environ, Project(checkout))
    if tool is None:
        pytest.skip("helm is neither on PATH nor built; `make setup` builds it")
    return tool.path
