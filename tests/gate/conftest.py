"""One small checkout and one embedded AWS for all tests of this folder; each test begins anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate.mini_project import Mini, mini_project


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[Mini]:
    with mini_project(tmp_path_factory.mktemp("checkout"), checkout) as made:
        yield made


@pytest.fixture
def mini(server: Mini) -> Mini:
    """The checkout as it was committed first, with empty states and no plans."""
    server.reset()
    return server
