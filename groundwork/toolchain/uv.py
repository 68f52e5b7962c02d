"""uv installs Python packages; the user's configuration or the checkout's uv.toml says from where."""

from __future__ import annotations

import uv


def command(*arguments: str) -> list[str]:
    """The command line that runs the uv of Pipfile.lock."""
    return [uv.find_uv_bin(), *arguments]
