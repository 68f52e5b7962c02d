"""Keeps the state: restores it at the start, journals what Terraform needs, saves the rest every few seconds."""

from __future__ import annotations

import gc
import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import structlog
from werkzeug.test import EnvironBuilder

from localcloud.aws import identity, snapshot
from localcloud.aws.app import Application, parse
from localcloud.aws.attempts import ATTEMPTS
from localcloud.aws.inventory import take_inventory
from localcloud.aws.journal import Journal, Record
from localcloud.aws.moto_lock import MOTO_LOCK
from localcloud.aws.restored import Restored
from localcloud.aws.routing import Request, Response
from localcloud.aws.snapshot import Snapshot
from localcloud.aws.writes import UNSAVED, changes_something, is_journalled, journalled_request, set_version
from localcloud.files import write_atomically

log = structlog.get_logger(__name__)

SAVE_SECONDS = 4.0
"""Between two saves; more where a save takes long, so that saving takes a tenth of the time at most."""
_SHARE = 10
_CHILD_SECONDS = 120.0


class Persistence:
    """The state of one server in `folder`. An observer of the application."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._snapshot = folder / "snapshot"
        self._previous = folder / "snapshot.previous"
        self._saved = folder / "saved"
        self._sequence = 0
        """Of the snapshot before the next one; with it the journal must keep what is younger."""
        self._journal = Journal(folder)
        self._saving = threading.Lock()
        self._stop = threading.Event()
        self.close_in_child: Callable[[], None] = lambda: None
        self.problem = ""

    # ── start ────────────────────────────────────────────────────────────────────────────────────────
    def restore(self, application: Application) -> Restored:
        """Load the newest snapshot that is whole and replay what was written after it.

        Where none is whole, what is whole of the newest one is restored. The problems name the rest.
        """
        for draft in self._folder.glob("*.new"):
            draft.unlink(missing_ok=True)
        loaded, problems = self._newest_whole()
        services = snapshot.put(loaded) if loaded else 0
        after = self._sequence = loaded.sequence if loaded else 0
        self._journal = Journal(self._folder, sequence=after)
        if (saved := self._last_saved()) > after:
            problems.append(
                f"the last save is missing: what was written before it and after {_moment(loaded)} is lost, "
                "but for S3 and DynamoDB"
            )
        replayed = 0
        records = self._journal.records(after=after, on_damage=problems.append)
        for record in records:
            self._replay(application, record)
            self._journal.sequence = record.sequence
            replayed += 1
        self._journal.sequence = max(self._journal.sequence, saved)
        if replayed or problems:
            UNSAVED.set()
        age = (datetime.now(UTC) - loaded.saved_at).total_seconds() if loaded else 0.0
        with MOTO_LOCK.held():
            resources = take_inventory().total() if loaded or replayed else 0
        for problem in problems:
            log.warning("not restored", problem=problem)
        return Restored(services, resources, replayed, age, tuple(problems))

    def _newest_whole(self) -> tuple[Snapshot | None, list[str]]:
        """The snapshot to restore, and what is wrong with the others."""
        problems: list[str] = []
        partial: Snapshot | None = None
        for path in (self._snapshot, self._previous):
            if not path.exists():
                continue
            try:
                candidate = snapshot.read(path)
            except snapshot.Unusable as error:
                problems.append(self._put_aside(path, str(error)))
                continue
            if not candidate.damaged:
                return candidate, problems + _named("not saved", candidate.left_out)
            reasons = "; ".join(sorted(set(candidate.damaged.values())))
            problems.append(self._put_aside(path, f"{snapshot.readable(candidate.damaged)}: {reasons}"))
            partial = partial or candidate
        if partial:
            problems += _named("lost", partial.damaged)
        return partial, problems

    def _put_aside(self, path: Path, reason: str) -> str:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        target = path.with_name(f"unusable-{path.name}-{moment}")
        path.replace(target)
        return f"{target}: {reason}"

    def _last_saved(self) -> int:
        """The sequence of the last save, whether its snapshot is still there or not."""
        try:
            return int(self._saved.read_text())
        except (OSError, ValueError):
            return 0

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
        with identity.acting_as(record.caller), MOTO_LOCK.held():
            response = application.apply(request, environ)
            ATTEMPTS.remember(request, response)
            if response.status >= 400:
                log.warning("a saved write no longer applies", target=record.target, status=response.status)
            elif record.version_id:
                set_version(request, record.version_id)

    # ── while it runs ────────────────────────────────────────────────────────────────────────────────
    def answered(self, request: Request, response: Response) -> None:
        """Journal a write that must not be lost, and remember that there is something to save."""
        if response.status >= 400 or not changes_something(request):
            return
        UNSAVED.set()
        write = journalled_request(request) if is_journalled(request) else None
        if write is None:
            return
        self._journal.append(
            Record(
                sequence=self._journal.sequence + 1,
                method=write.method,
                target=write.raw_path + (f"?{write.raw_query}" if write.raw_query else ""),
                headers=dict(write.headers),
                body=write.body,
                caller=identity.current(),
                version_id=response.header("x-amz-version-id"),
            )
        )

    def run(self, tick: Callable[[], None] = lambda: None) -> threading.Thread:
        """Save every few seconds when something changed, in a thread of its own; `tick` is called each time."""

        def loop() -> None:
            wait = SAVE_SECONDS
            while not self._stop.wait(wait):
                try:
                    tick()
                    if UNSAVED.is_set():
                        began = time.monotonic()
                        self.save(fork=True)
                        wait = max(SAVE_SECONDS, _SHARE * (time.monotonic() - began))
                except Exception as error:  # this thread is all that saves: it reports, and tries again
                    self.problem = f"{type(error).__name__}: {error}"
                    log.exception("saving failed")

        thread = threading.Thread(target=loop, name="saver", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End the saving thread and save a last time."""
        self._stop.set()
        with self._saving:  # a save that is under way gives up, and sets UNSAVED again
            pass
        if UNSAVED.is_set():
            self.save(fork=False)

    def save(self, *, fork: bool) -> bool:
        """Write a snapshot; False when that failed. With `fork` a copy of this process writes, and no request waits."""
        with self._saving:
            UNSAVED.clear()
            with MOTO_LOCK.held():
                sequence = self._journal.cut()
                child = _fork() if fork else None
                if child is None:
                    problem = self._write(sequence)
            if child == 0:
                self._end_child(sequence)
            self._journal.flush()
            if child:
                problem = _await_child(child, give_up=self._stop.is_set)
            self.problem = problem or snapshot.left_out(self._snapshot)
            if problem:
                UNSAVED.set()
                log.error("state not saved", reason=problem)
                return False
            # The previous snapshot stays useful only with what was written after it.
            self._journal.forget(self._sequence)
            self._sequence = sequence
            return True

    def _write(self, sequence: int) -> str:
        """Write the snapshot and return the problem, "" where it was written."""
        try:
            content = snapshot.dump(sequence)
            if self._snapshot.exists():
                self._previous.unlink(missing_ok=True)
                os.link(self._snapshot, self._previous)
            write_atomically(self._snapshot, content, mode=0o600)
            write_atomically(self._saved, str(sequence), mode=0o600)
        except Exception as error:  # a full disk, or a model that cannot be pickled: the server reports it and runs on
            return f"{type(error).__name__}: {error}"
        return ""

    def _end_child(self, sequence: int) -> None:
        """All that the forked copy does."""
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


def _named(what: str, services: Mapping[str, str]) -> list[str]:
    return [f"{what}: {snapshot.readable([name])} ({reason})" for name, reason in services.items()]


def _moment(loaded: Snapshot | None) -> str:
    return f"{loaded.saved_at:%H:%M:%S} UTC" if loaded else "the first start"


def _fork() -> int:
    with warnings.catch_warnings():
        # Threads do not survive in the copy, and it needs none: it pickles, writes and ends.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _await_child(child: int, *, give_up: Callable[[], bool]) -> str:
    """Wait for the forked copy, at most until the server ends; returns the problem, "" where it saved."""
    end = time.monotonic() + _CHILD_SECONDS
    while time.monotonic() < end and not give_up():
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return "" if status == 0 else f"the saving process ended with status {status}; the log says why"
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return f"saving took longer than {_CHILD_SECONDS:.0f} seconds"
