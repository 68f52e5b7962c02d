"""Runs checkov, tflint and the check of support ends over all stacks, and returns one verdict."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from groundwork.checks import checkov, support, tflint
from groundwork.checks.findings import Verdict, Waiver, judge
from groundwork.errors import CheckFailed
from groundwork.synthesis.manifest import WAIVERS


@dataclass(frozen=True)
class Checkers:
    """The programs that check. `tflint_plugins` is the folder that holds tflint-ruleset-aws."""

    checkov: Path
    tflint: Path
    tflint_plugins: Path
    environ: Mapping[str, str]


def run_checks(folders: Sequence[Path], checkers: Checkers, *, today: date) -> Verdict:
    """Check stacks (`folders`: cdktf.out/stacks/<stack>). Raises CheckFailed where a checker did not run."""
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
            stop.set()  # after an error or Ctrl-C the other checker must end, too
    findings = [finding for checker in running for finding in checker.result()]
    return judge([*findings, *support.run(folders, today=today)], accepted, today)


def waivers(folders: Sequence[Path]) -> list[Waiver]:
    """The waivers of stacks, from the list that synthesis writes beside each cdk.tf.json.

    An app may write no lists at all. Raises CheckFailed where some of the stacks have a list and others lack it.
    """
    accepted = []
    lists = {folder: folder / WAIVERS for folder in folders}
    missing = [folder.name for folder, path in lists.items() if not path.is_file()]
    if missing and len(missing) < len(lists):
        raise CheckFailed(f"{WAIVERS} of {', '.join(missing)} is missing", fix="gw synth")
    for folder, path in lists.items():
        for entry in json.loads(path.read_text(encoding="utf-8")) if path.is_file() else ():
            accepted.append(Waiver(stack=folder.name, **{**entry, "expires": date.fromisoformat(entry["expires"])}))
    return accepted
