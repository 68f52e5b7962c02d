"""The gate: both checkers, all stacks, one verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from groundwork.checks import checkov, tflint
from groundwork.checks.findings import Verdict, Waiver, judge
from groundwork.errors import CheckFailed

WAIVERS = "waivers.json"


@dataclass(frozen=True)
class Checkers:
    """The programs of the gate. `tflint_plugins` is the folder that holds tflint-ruleset-aws."""

    checkov: Path
    tflint: Path
    tflint_plugins: Path
    environ: Mapping[str, str]


def check(folders: Sequence[Path], checkers: Checkers, *, today: date) -> Verdict:
    """The verdict on stacks (`folders`: cdktf.out/stacks/<stack>); raises CheckFailed where a checker could not look."""
    accepted = waivers(folders)
    with ThreadPoolExecutor(max_workers=2) as pool:
        by_checkov = pool.submit(checkov.run, folders, program=checkers.checkov, environ=checkers.environ)
        by_tflint = pool.submit(
            tflint.run, folders, program=checkers.tflint, plugins=checkers.tflint_plugins, environ=checkers.environ
        )
        return judge([*by_checkov.result(), *by_tflint.result()], accepted, today)


def waivers(folders: Sequence[Path]) -> list[Waiver]:
    """The waivers of stacks, from the list that synthesis leaves beside each cdk.tf.json."""
    found = []
    for folder in folders:
        path = folder / WAIVERS
        if not path.is_file():
            raise CheckFailed(f"{path.name} of {folder.name} is missing", fix="gw synth")
        for entry in json.loads(path.read_text(encoding="utf-8")):
            found.append(Waiver(stack=folder.name, **{**entry, "expires": date.fromisoformat(entry["expires"])}))
    return found
