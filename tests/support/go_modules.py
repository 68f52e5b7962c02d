"""Files of a Go module that tests read, such as charts and kinds: its sum is pinned by whoever asks."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from groundwork.errors import ToolMissing
from groundwork.toolchain.process import run


def archive_of(module: str, *, checksum: str) -> Path:
    """The zip of `module` (path@version); skips without Go or the module. `checksum` is as go.sum would have it."""
    try:
        finished = run(["go", "mod", "download", "-json", module], environ=os.environ, keep_stdout=True)
    except ToolMissing as error:
        pytest.skip(f"without Go, {module} is not available: {error}")
    answer = json.loads(finished.stdout or "{}")
    # An older Go refuses to compile the module, but has it.
    if "Zip" not in answer:
        pytest.skip(f"{module} cannot be downloaded: {finished.tail}")
    assert answer["Sum"] == checksum, f"{module} is not the one that was read"
    return Path(answer["Zip"])
