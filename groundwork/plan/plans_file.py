"""`plans.json`: the index of a run's bundles as a file, which `gw plan push` and `gw deploy --approved` read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from groundwork.errors import UsageError
from groundwork.files import write_atomically
from groundwork.plan.bundle import Index, Stored, Waiting
from groundwork.plan.make import MadeBundle, Planner

NAME = "plans.json"


def index(environment: str, planner: Planner, made: Sequence[MadeBundle], waiting: Sequence[Waiting]) -> Index:
    """The index of bundles that are not in a store yet: paths instead of objects, no MAC and no fingerprint."""
    return Index(
        environment=environment,
        commit=planner.commit,
        run_id=planner.run_id,
        run_attempt=planner.run_attempt,
        planned_at=max((each.bundle.planned_at for each in made), default=planner.clock()),
        bundles=tuple(
            Stored(
                stack=each.bundle.stack,
                location=str(each.path),
                version_id="",
                digest=each.digest,
                mac="",
                fingerprint="",
                outcome=each.bundle.outcome,
                wave=each.bundle.wave,
                provisional=each.bundle.provisional,
            )
            for each in made
        ),
        waiting=tuple(waiting),
    )


def write(plans: Index, path: Path) -> None:
    """Write the file in one step."""
    write_atomically(path, plans.model_dump_json(indent=2) + "\n")


def read(path: Path) -> Index:
    """The index in a file; raises UsageError where the file does not exist or holds something else."""
    try:
        return Index.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist", fix="gw plan make ENVIRONMENT, then gw plan push") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path} is not an index of plans: {where}: {first['msg']}", fix="gw plan make") from error


def pushed(plans: Index) -> bool:
    """Whether every bundle of the index is in a store."""
    return all(stored.mac and stored.fingerprint for stored in plans.bundles)
