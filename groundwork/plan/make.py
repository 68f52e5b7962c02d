"""Plans stacks and packs a bundle of each: the folder as planned, the plan file, and a description."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from groundwork.plan import archive, attributes, contents, digest, tools
from groundwork.plan.bundle import Bundle, state_of
from groundwork.plan.fingerprint import changed_outputs, semantic_digest
from groundwork.terraform.terraform import PLAN_FILE, require_stored
from groundwork.toolchain import side_by_side
from groundwork.workspace import Workspace

SUFFIX = ".tar.gz"


@dataclass(frozen=True)
class Planner:
    """Who plans, in which run, of which commit. `clock` gives the time in UTC."""

    commit: str
    run_id: str
    run_attempt: int
    planned_by: str
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class MadeBundle:
    """A bundle on this machine. `changed_outputs` are names of outputs that the stack's apply would change."""

    path: Path
    bundle: Bundle
    digest: str
    changed_outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wave:
    """The wave that each stack is planned in (0 where none is named), and the stacks planned against planned outputs.

    `folder` maps a stack and its synthesised folder to the folder that the stack is planned in.
    """

    numbers: Mapping[str, int] = field(default_factory=dict)
    provisional: Collection[str] = frozenset()
    folder: Callable[[str, Path], AbstractContextManager[Path]] = lambda _stack, folder: nullcontext(folder)


@dataclass(frozen=True)
class Watch:
    """Callbacks for the begin and end of a stack's plan; they are called from several threads."""

    begin: Callable[[str], None] = lambda _: None
    end: Callable[[MadeBundle], None] = lambda _: None


FIRST = Wave()
SILENT = Watch()


def make(
    workspace: Workspace,
    stacks: Sequence[str],
    *,
    purpose: Literal["apply", "destroy"],
    planner: Planner,
    out: Path,
    wave: Wave = FIRST,
    watch: Watch = SILENT,
    on_plan: Callable[[str, Mapping[str, Any]], None] = lambda _stack, _plan: None,
    secrets_read: Callable[[str], Iterable[Any]] = lambda _stack: (),
) -> list[MadeBundle]:
    """Plan stacks side by side, each in its folder of `workspace.out`, and write `out`/<stack>.tar.gz for each,
    and beside it what the plan does attribute by attribute, without secrets.

    The result is in the order of `stacks`. `on_plan` gets each plan as Terraform's JSON, which holds secrets and must
    stay in memory. `secrets_read` returns the sensitive outputs that a stack reads of others. Raises what
    `Terraform.plan` raises for the first stack that cannot be planned; no bundle of it is left.
    """
    out.mkdir(parents=True, exist_ok=True)
    for stack in stacks:
        workspace.environment_of(stack).require_real_accounts()
        (out / f"{stack}{SUFFIX}").unlink(missing_ok=True)

    def plan(stack: str, stop: threading.Event) -> MadeBundle:
        watch.begin(stack)
        folder = workspace.folder(stack)
        require_stored(folder, stack)
        file = folder / PLAN_FILE
        file.unlink(missing_ok=True)
        with wave.folder(stack, folder) as planned_in:
            terraform = workspace.terraform(stack, planned_in)
            document = terraform.plan(file.resolve(), destroy=purpose == "destroy", stop=stop).document
        on_plan(stack, document)
        attributes.write(attributes.of_plan(stack, document, secrets_read=secrets_read(stack)), out)
        bundle = _describe(workspace, stack, document, purpose=purpose, planner=planner, wave=wave)
        made = _pack(bundle, folder, document, out)
        watch.end(made)
        return made

    return side_by_side.each(plan, stacks, at_once=workspace.tools.parallelism)


def _describe(
    workspace: Workspace,
    stack: str,
    plan: Mapping[str, Any],
    *,
    purpose: Literal["apply", "destroy"],
    planner: Planner,
    wave: Wave,
) -> Bundle:
    used, folder = workspace.tools, workspace.folder(stack)
    return Bundle(
        stack=stack,
        environment=workspace.environment_of(stack).name,
        purpose=purpose,
        commit=planner.commit,
        run_id=planner.run_id,
        run_attempt=planner.run_attempt,
        planned_by=planner.planned_by,
        planned_at=planner.clock(),
        outcome=contents.outcome(plan),
        counts=contents.counts(plan),
        state=state_of(folder / PLAN_FILE),
        tools=tools.versions(folder, terraform=used.terraform, cdktf=used.cdktf, environ=used.environ),
        lock_file_sha256=tools.lock_file_sha256(folder),
        semantic_digest=semantic_digest(plan),
        files=digest.of_folder(folder),
        wave=wave.numbers.get(stack, 0),
        provisional=stack in wave.provisional,
        protected_destroys=contents.protected_destroys(plan),
        dependencies=workspace.manifest().stack(stack).dependencies,
        changes=contents.changes(plan),
    )


def _pack(bundle: Bundle, folder: Path, plan: Mapping[str, Any], out: Path) -> MadeBundle:
    packed = archive.pack(folder, bundle)
    path = out / f"{bundle.stack}{SUFFIX}"
    # A plan holds secrets, so only its owner may read the file, from the first byte on.
    path.touch(mode=0o600)
    path.write_bytes(packed)
    return MadeBundle(path, bundle, digest.of_bytes(packed), tuple(sorted(changed_outputs(plan))))
