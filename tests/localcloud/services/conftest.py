"""All batches side by side, once per test session, with restarts between apply and plan.

The provider mostly waits between its own polls.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from tests.localcloud.services.contract import BATCHES, Batch, Begun, Record, begin, finish
from tests.support import terraform

AT_ONCE = len(BATCHES)  # each takes about 0.8 GB, and half a core while it does not wait
PATIENCE = 870  # seconds; a quiet machine with two cores takes a third of it for all batches


class Runs:
    """The records of all batches, whichever worker ran them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def record(self, batch: str) -> Record:
        """The record of a batch as soon as it exists; fails where its run failed."""
        path, broken = self._folder / f"{batch}.json", self._folder / f"{batch}.broken"
        end = time.monotonic() + PATIENCE
        while not path.exists():
            if broken.exists():
                pytest.fail(f"{batch}: {broken.read_text()}")
            if time.monotonic() > end:
                pytest.fail(f"{batch}: no result after {PATIENCE} s")
            time.sleep(0.2)
        return Record(**json.loads(path.read_text()))


@pytest.fixture(scope="session")
def runs(
    request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Runs]:
    """The first worker runs the batches of all selected tests in the background; the others wait for the records."""
    base = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder = base / "contract"
    try:
        folder.mkdir()
    except FileExistsError:
        yield Runs(folder)
        return
    program = terraform.find_or_skip(checkout, folder)
    parameters = (getattr(item, "callspec", None) for item in request.session.items)
    wanted = {each.params["batch"] for each in parameters if each and "batch" in each.params}
    cloud = LocalCloud(folder / "cloud", Path(sys.executable))
    endpoint = cloud.up(port=0).endpoint
    batches = [Batch(name, folder / name, endpoint, cloud.keys, program) for name in BATCHES if name in wanted]
    thread = threading.Thread(target=_run, args=(batches, cloud, folder))
    thread.start()
    yield Runs(folder)
    thread.join()
    cloud.down()


def _run(batches: Sequence[Batch], cloud: LocalCloud, folder: Path) -> None:
    try:
        port = int(batches[0].endpoint.rsplit(":", 1)[1])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            begun = list(pool.map(begin, batches))
            # Twice: what the first start has read, the second stop must write again.
            for _ in range(2):
                cloud.down()
                cloud.up(port=port)
            for record in [pool.submit(_finish, *each, folder) for each in zip(batches, begun, strict=True)]:
                record.result()
    except Exception:
        # Nobody would see an exception of this thread.
        for batch in batches:
            (folder / f"{batch.name}.broken").write_text(traceback.format_exc())


def _finish(batch: Batch, begun: Begun, folder: Path) -> None:
    finish(batch, begun).write(folder / f"{batch.name}.json")
