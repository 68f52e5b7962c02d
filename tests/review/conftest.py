"""What tests of reviews share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.review.real_changes import RealStacks


@pytest.fixture(scope="session")
def stacks(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStacks]:
    """A clone of this repository. Its users are in the xdist group "real stacks", so that base is synthesised once."""
    made = RealStacks(checkout, tmp_path_factory.mktemp("clone"))
    yield made
    made.close()
