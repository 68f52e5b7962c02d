"""`plans.json`: the index of a run's bundles as a file, from which `gw plan push` and `gw deploy --approved` start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from groundwork.errors import UsageError
from groundwork.plan.bundle import Index, Stored, Waiting
from groundwork.plan.make import MadeBundle, Planner

NAME = "plans.json"


def index(environment: str, planner: Planner, made: Sequence[MadeBundle], waiting: Sequence[Waiting]) -> Index:
    """The index of bundles that no store has taken yet: paths instead of objects, no MAC and no fingerprint."""
    return Index(
        environment=environment,
        commit=planner.commit,
        run_id=planner.run_id,
        run_attempt=planner.run_attempt,
        planned_at=max((one.bundle.planned_at for one in made), default=planner.clock()),
        bundles=tuple(
            Stored(
                stack=one.bundle.stack,
                location=str(one.path),
                version_id="",
                digest=one.digest,
                mac="",
                fingerprint="",
                outcome=one.bundle.outcome,
                wave=one.bundle.wave,
                provisional=one.bundle.provisional,
            )
            for one in made
        ),
        waiting=tuple(waiting),
    )


def write(found: Index, path: Path) -> None:
    """Write the file in one step."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def read(path: Path) -> Index:
    """The index in a file; raises UsageError where there is none."""
    try:
        return Index.model_validate_json(path.read_bytes())
    except FileNotFoundError as missing:
        raise UsageError(f"{path} does not exist", fix="gw plan make ENVIRONMENT, then gw plan push") from missing
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path} is no index of plans: {where}: {first['msg']}", fix="gw plan make") from wrong


def pushed(found: Index) -> bool:
    """Whether a store has taken every bundle of it."""
    return all(one.mac and one.fingerprint for one in found.bundles)
