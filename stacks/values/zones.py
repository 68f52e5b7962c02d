"""A DNS zone is made by one environment; every other one names its id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groundwork.errors import EnvironmentFileError

if TYPE_CHECKING:
    from stacks.values.model import Environment

KEY = "api.domain.zone"


def check_zone_makers(environments: Sequence[Environment]) -> None:
    """Raises EnvironmentFileError for a zone that several environments would each make.

    Route53 allows zones of one name side by side, and answers from whichever the parent zone delegates to: all names of
    the other would silently be missing.
    """
    makers: dict[str, list[str]] = defaultdict(list)
    for environment in environments:
        domain = environment.api.domain
        if domain and not domain.zone_id:
            makers[domain.zone].append(f"{environment.name}.yaml")
    refused = [
        f"{', '.join(files)}: {KEY}: each would make a zone {zone} of its own\n"
        f"    fix: keep it in {files[0]}, write its id as `zone_id:` in {' and '.join(files[1:])}"
        for zone, files in makers.items()
        if len(files) > 1
    ]
    if refused:
        raise EnvironmentFileError("\n".join(refused))
