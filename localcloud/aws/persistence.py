"""Keeps the state: restores it at the start, writes through what Terraform needs, saves the rest every few seconds."""

from __future__ import annotations

import gc
import os
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import structlog
from werkzeug.test import EnvironBuilder

from localcloud.aws import identity, snapshot
from localcloud.aws.app import Application, parse
from localcloud.aws.changes import CHANGED
from localcloud.aws.gate import GATE
from localcloud.aws.inventory import take_inventory
from localcloud.aws.journal import Journal, Record
from localcloud.aws.routing import Request, Response
from localcloud.aws.writes import changes_something, is_written_through, stand_in, take_version

log = structlog.get_logger(__name__)

SAVE_SECONDS = 4.0
_CHILD_SECONDS = 120.0


@dataclass(frozen=True)
class Restored:
    """What was found at the start. `set_aside` names a snapshot that could not be used, and why."""

    services: int = 0
    resources: int = 0
    replayed: int = 0
    age_seconds: float = 0.0
    set_aside: str = ""

    @property
    def anything(self) -> bool:
        """Whether something was found at all."""
        return bool(self.services or self.replayed or self.set_aside)


class Persistence:
    """The state of one server in `folder`. An observer of the application."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._snapshot = folder / "snapshot"
        self._journal = Journal(folder)
        self._saving = threading.Lock()
        self._stop = threading.Event()
        self.close_in_child: Callable[[], None] = lambda: None
        self.problem = ""

    # ── start ────────────────────────────────────────────────────────────────────────────────────────
    def restore(self, application: Application) -> Restored:
        """Load the snapshot and replay what was written after it."""
        for draft in self._folder.glob("*.new"):
            draft.unlink(missing_ok=True)
        loaded: snapshot.Loaded | None = None
        set_aside = ""
        if self._snapshot.exists():
            try:
                loaded = snapshot.load(self._snapshot)
            except snapshot.Unusable as error:
                set_aside = self._put_aside(str(error))
        after = loaded.sequence if loaded else 0
        self._journal = Journal(self._folder, sequence=after)
        replayed = 0
        for record in self._journal.records(after=after):
            self._replay(application, record)
            self._journal.sequence = record.sequence
            replayed += 1
        if replayed:
            CHANGED.set()
        age = (datetime.now(UTC) - loaded.saved_at).total_seconds() if loaded else 0.0
        with GATE.entered():
            resources = take_inventory().total() if loaded or replayed else 0
        return Restored(loaded.services if loaded else 0, resources, replayed, age, set_aside)

    def _put_aside(self, reason: str) -> str:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        target = self._snapshot.with_name(f"unusable-{moment}")
        self._snapshot.replace(target)
        log.warning("saved state set aside", path=str(target), reason=reason)
        return f"{target}: {reason}"

    def _replay(self, application: Application, record: Record) -> None:
        builder = EnvironBuilder(
            path=quote(record.target.partition("?")[0], safe="/%"), method=record.method, data=record.body
        )
        builder.query_string = record.target.partition("?")[2]
        environ = builder.get_environ()
        for name, value in record.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        environ["REQUEST_URI"] = environ["RAW_URI"] = record.target
        request, _ = parse(environ, record.body, caller=record.caller)
        with identity.acting_as(record.caller), GATE.entered():
            response = application.apply(request, environ)
            if response.status >= 400:
                log.warning("a saved write no longer applies", target=record.target, status=response.status)
            elif record.version_id:
                take_version(request, record.version_id)

    # ── while it runs ────────────────────────────────────────────────────────────────────────────────
    def answered(self, request: Request, response: Response) -> None:
        """Write through what must not be lost, and note that there is something to save."""
        if response.status >= 400 or not changes_something(request):
            return
        CHANGED.set()
        if not is_written_through(request):
            return
        caller = identity.current()
        kept = stand_in(request)
        if kept is None or caller is None:
            return
        self._journal.append(
            Record(
                sequence=self._journal.sequence + 1,
                method=kept.method,
                target=kept.raw_path + (f"?{kept.raw_query}" if kept.raw_query else ""),
                headers=dict(kept.headers),
                body=kept.body,
                caller=caller,
                version_id=response.header("x-amz-version-id"),
            )
        )

    def run(self, tick: Callable[[], None] = lambda: None) -> threading.Thread:
        """Save every few seconds when something changed, in a thread of its own; `tick` is called each time."""

        def loop() -> None:
            while not self._stop.wait(SAVE_SECONDS):
                try:
                    tick()
                    if CHANGED.is_set():
                        self.save(fork=True)
                except Exception as error:  # this thread is all that saves: it reports, and tries again
                    self.problem = f"{type(error).__name__}: {error}"
                    log.exception("saving failed")

        thread = threading.Thread(target=loop, name="saver", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End the saving thread and save a last time."""
        self._stop.set()
        with self._saving:  # a save that was under way gives up, and says so in CHANGED
            pass
        if CHANGED.is_set():
            self.save(fork=False)

    def save(self, *, fork: bool) -> bool:
        """Write a snapshot; in a forked copy of this process nobody has to wait for it. False when it failed."""
        with self._saving:
            CHANGED.clear()
            with GATE.entered():
                sequence = self._journal.cut()
                child = _fork() if fork else None
                if child is None:
                    problem = self._write(sequence)
            if child == 0:
                self._end_child(sequence)
            if child:
                problem = _await(child, give_up=self._stop.is_set)
            self.problem = problem or snapshot.left_out(self._snapshot)
            if problem:
                CHANGED.set()
                log.error("state not saved", reason=problem)
                return False
            self._journal.forget(sequence)
            return True

    def _write(self, sequence: int) -> str:
        """Write the snapshot; what went wrong, "" when nothing did."""
        try:
            snapshot.write(self._snapshot, snapshot.dump(sequence))
        except Exception as error:  # a full disk, or a model that cannot be pickled: the server goes on and says so
            return f"{type(error).__name__}: {error}"
        return ""

    def _end_child(self, sequence: int) -> None:
        """The forked copy's whole life after the fork."""
        code = 1
        # A collection would touch, and so copy, every page that is still shared with the server.
        gc.disable()
        try:
            self.close_in_child()
            problem = self._write(sequence)
            if problem:
                os.write(2, f"saving failed: {problem}\n".encode())
            code = 1 if problem else 0
        finally:
            os._exit(code)


def _fork() -> int:
    with warnings.catch_warnings():
        # Threads do not survive in the copy, and it needs none: it pickles, writes and ends.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _await(child: int, *, give_up: Callable[[], bool]) -> str:
    """Wait for the forked copy, at most until the server ends; what went wrong, "" when nothing did."""
    end = time.monotonic() + _CHILD_SECONDS
    while time.monotonic() < end and not give_up():
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return "" if status == 0 else f"the saving process ended with status {status}; its reason stands above"
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return f"saving took longer than {_CHILD_SECONDS:.0f} seconds"
