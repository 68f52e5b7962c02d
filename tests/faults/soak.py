"""`make soak`: many faults at random, in an order that a seed repeats, and a table of what each kind of them left.

Ends with 1 where anything was lost, made twice, left in no state or left locked.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from groundwork.table import Table
from tests.faults.app import App, app, bootstrap, server
from tests.faults.checks import Losses
from tests.faults.disk import small_disk
from tests.faults.fault import Fault, Outcome, faults, finish, inject
from tests.faults.injector import Harm
from tests.recover.endpoint import Endpoint
from tests.support.cloud_project import CloudProject

KILLS = 200
UNTIL_FINISHED = 10
"""Faults after which the application is deployed to the end, and nothing may be left to change."""


def chosen(kills: int, seed: int, word: str = "") -> Iterator[Fault]:
    """That many faults: every kind (with `word` in its text) once before any comes again."""
    kinds, order = [fault for fault in faults() if word in str(fault)], random.Random(seed)
    for number in range(kills):
        if number % len(kinds) == 0:
            order.shuffle(kinds)
        yield kinds[number % len(kinds)]


@dataclass
class Soak:
    """Faults one after the other, in `folder`, all beside one embedded AWS."""

    folder: Path
    cloud: CloudProject
    endpoint: Endpoint
    apps: dict[bool, App] = field(default_factory=dict)

    def inject(self, fault: Fault) -> Outcome:
        """One fault. After one that was not repaired the next gets an application of its own."""
        is_bootstrap = fault.point.operation == "bootstrap"
        if is_bootstrap not in self.apps:
            root = self.folder / uuid.uuid4().hex
            self.apps[is_bootstrap] = (bootstrap if is_bootstrap else app)(root, self.cloud, self.endpoint)
        try:
            outcome = inject(self.apps[is_bootstrap], fault)
        except AssertionError as error:
            outcome = Outcome(fault, Losses(), problem=str(error))
        if not outcome.is_good:
            del self.apps[is_bootstrap]
        return outcome

    def finish(self, fault: Fault) -> Iterator[Outcome]:
        """Deploy everything to the end; what is wrong then is counted with the last fault."""
        for key, each in list(self.apps.items()):
            try:
                outcome = Outcome(fault, finish(each))
            except AssertionError as error:
                outcome = Outcome(fault, Losses(), problem=str(error))
            if not outcome.is_good:
                del self.apps[key]
                yield outcome


def soak(wanted: Sequence[Fault], console: Console) -> list[Outcome]:
    """Inject the faults, with progress on the console."""
    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="groundwork-soak-") as folder,
        small_disk(Path(folder) / "disk") as no_disk,
        server(Path(folder) / "server") as (cloud, endpoint),
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
    ):
        running = Soak(Path(folder) / "disk", cloud, endpoint)
        task = progress.add_task("faults", total=len(wanted))
        if no_disk:
            console.print(f"no disk is filled, because none can be mounted: {no_disk}", markup=False)
            wanted = [fault for fault in wanted if fault.harm is not Harm.DISK]
        for number, fault in enumerate(wanted, start=1):
            progress.update(task, description=str(fault))
            outcomes.append(running.inject(fault))
            if number % UNTIL_FINISHED == 0 or number == len(wanted):
                outcomes.extend(running.finish(fault))
            if not console.is_terminal:
                console.print(f"{number}/{len(wanted)} {fault}: {_result(outcomes[-1])}", soft_wrap=True, markup=False)
            progress.advance(task)
    return outcomes


def _result(outcome: Outcome) -> str:
    return outcome.repaired_by if outcome.is_good else f"NOT REPAIRED {outcome.left} {outcome.problem}"


def table(outcomes: Sequence[Outcome]) -> Table:
    """A row per point and harm."""
    rows: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        rows[str(outcome.fault.point), outcome.fault.harm].append(outcome)
    numbers = ("runs", "lost", "twice", "orphans", "locks left", "not repaired")
    shown = Table(["point", "killed", *numbers, "repaired by"], right=frozenset(numbers))
    for (point, harm), group in sorted(rows.items()):
        lefts = [outcome.left for outcome in group]
        counts = [sum(len(part) for part in parts) for parts in zip(*map(_parts, lefts), strict=True)]
        failed = sum(bool(outcome.problem) for outcome in group)
        ways = dict.fromkeys(outcome.repaired_by for outcome in group if outcome.is_good)
        shown.add_row(point, harm, str(len(group)), *map(str, counts), str(failed), " | ".join(ways))
    return shown


def _parts(left: Losses) -> list[Sequence[str]]:
    return [vars(left)[name] for name in ("lost", "twice", "orphans", "locks")]


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="how many faults (make soak SOAK_KILLS=…)")
    parser.add_argument("--seed", type=int, default=None, help="repeat an order (make soak SOAK_SEED=…)")
    parser.add_argument("--only", metavar="TEXT", default="", help="only faults whose description has this text")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    console = Console(stderr=True)
    wanted = list(chosen(options.kills, seed, options.only))
    console.print(f"{len(wanted)} faults, seed {seed}")
    outcomes = soak(wanted, console)
    Console().print(table(outcomes), soft_wrap=True)
    bad = [outcome for outcome in outcomes if not outcome.is_good]
    for outcome in bad:
        console.print(f"{outcome.fault}: {_result(outcome)}", markup=False, soft_wrap=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
