"""The environment in which Terraform plans and applies what is approved: nothing in it changes what a command means."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Each would let Terraform do something else than what is written: other arguments, values, folders, providers.
_TAKEN_AWAY = re.compile(r"TF_(?:CLI_ARGS(?:_.+)?|VAR_.+|DATA_DIR|WORKSPACE|REATTACH_PROVIDERS|PLUGIN_CACHE_MAY_.+)")


def cleaned(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what changes a command's meaning."""
    return {name: value for name, value in environ.items() if not _TAKEN_AWAY.fullmatch(name)}
