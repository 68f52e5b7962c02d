"""SARIF that a pull request's code wrote, before a token that may write uploads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groundwork.errors import CheckFailed
from groundwork.github.sarif import CHECKS, category, name_of


def require_own(path: Path, tools: Sequence[str] = CHECKS) -> int:
    """The number of results in a SARIF file that holds runs of these tools alone, each in its own category.

    GitHub code scanning matches alerts by tool and category: a run in another tool's name replaces that tool's alerts,
    and one without results closes them. Raises CheckFailed where the file is not SARIF or names something else.
    """
    try:
        runs = json.loads(path.read_bytes())["runs"]
        named = [_named(run) for run in runs]
        results = sum(len(run["results"]) for run in runs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckFailed(f"{path} is not SARIF with runs and results", fix="gw check --sarif FILE") from error
    own = {(name_of(tool), category(tool)) for tool in tools}
    if strangers := [f"{tool} ({of})" for tool, of in named if (tool, of) not in own]:
        raise CheckFailed(
            f"{path} has results in the name of {', '.join(strangers)}; only those of {', '.join(tools)} are uploaded",
            fix="gw check --sarif FILE",
        )
    return results


def _named(run: Any) -> tuple[str, str]:
    """Tool and category of a run; other tools that it brings as extensions count as the tool."""
    tool = run["tool"]
    extensions = [str(each.get("name")) for each in tool.get("extensions", ())]
    return " with ".join([str(tool["driver"]["name"]), *extensions]), str(run["automationDetails"]["id"])
