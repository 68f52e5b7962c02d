"""An embedded AWS of a test's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.cloud import LocalCloud


@contextmanager
def running_cloud(folder: Path) -> Iterator[LocalCloud]:
    """A server with its state in `folder`, on a free port, while the context lasts."""
    cloud = LocalCloud(folder, Path(sys.executable))
    cloud.up(port=0)
    try:
        yield cloud
    finally:
        cloud.down()
