"""Both checkers over all stacks, one verdict."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from groundwork.checks import checkov, tflint
from groundwork.checks.findings import Verdict, Waiver, judge
from groundwork.errors import CheckFailed

WAIVERS = "waivers.json"


@dataclass(frozen=True)
class Checkers:
    """The programs that check. `tflint_plugins` is the folder that holds tflint-ruleset-aws."""

    checkov: Path
    tflint: Path
    tflint_plugins: Path
    environ: Mapping[str, str]


def check(folders: Sequence[Path], checkers: Checkers, *, today: date) -> Verdict:
    """Judge stacks (`folders`: cdktf.out/stacks/<stack>). Raises CheckFailed where a checker did not run."""
    accepted = waivers(folders)
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=2) as pool:
        running = [
            pool.submit(checkov.run, folders, program=checkers.checkov, environ=checkers.environ, stop=stop),
            pool.submit(
                tflint.run,
                folders,
                program=checkers.tflint,
                plugins=checkers.tflint_plugins,
                environ=checkers.environ,
                stop=stop,
            ),
        ]
        try:
            for finished in as_completed(running):
                finished.result()
        finally:
            stop.set()  # whatever went wrong, Ctrl-C included: the other checker must not run on
    return judge([finding for checker in running for finding in checker.result()], accepted, today)


def waivers(folders: Sequence[Path]) -> list[Waiver]:
    """The waivers of stacks, from the list that synthesis leaves beside each cdk.tf.json."""
    accepted = []
    for folder in folders:
        path = folder / WAIVERS
        if not path.is_file():
            raise CheckFailed(f"{path.name} of {folder.name} is missing", fix="gw synth")
        for entry in json.loads(path.read_text(encoding="utf-8")):
            accepted.append(Waiver(stack=folder.name, **{**entry, "expires": date.fromisoformat(entry["expires"])}))
    return accepted
