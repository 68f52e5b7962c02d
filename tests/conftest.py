"""What all tests share: where the checkout is, and the whole application synthesised once per run."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from filelock import FileLock

from groundwork.synthesis import lazy_provider
from tests.support import levels, shared_provider
from tests.support.application import synthesise

if TYPE_CHECKING:  # unit tests need neither, and both take a second to import
    from tests.support.cloud_project import CloudProject
    from tests.support.planned_project import PlannedProject

# A run that was started in the background inherits an ignored Ctrl-C, and so would every program that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Before any test imports a stack: collecting them would otherwise import two thousand modules that nobody uses.
lazy_provider.install(os.environ)


# A test that draws examples must not fail because the machine is busy with the others.
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("busy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the synthesised stacks to tests/golden")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder in which the shared providers of all workers remember answers."""
    if not hasattr(config, "workerinput"):
        os.environ[shared_provider.MEMORY] = tempfile.mkdtemp(prefix="groundwork-provider-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(shared_provider.MEMORY), ignore_errors=True)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip all other files for `-m unit`: importing them takes longer than the unit tests."""
    if config.option.markexpr != "unit":
        return None
    if collection_path.is_dir():
        return None if levels.holds_unit_tests(collection_path) else True
    return None if levels.is_unit(collection_path) else True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Keep a unit test from starting programs. Teardown is not guarded: it may end a fixture that others share."""
    with levels.guard() if item.get_closest_marker("unit") else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """The same for the test itself."""
    with levels.guard() if item.get_closest_marker("unit") else nullcontext():
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first, so that no worker starts one at the end; keep users of a module's fixture on one worker.

    xdist keeps this order with `--no-loadscope-reorder` alone: by itself it puts groups of many tests first. Spread
    over the workers, tests of one module would make its fixture (an embedded AWS, an applied stack) once per worker.
    """
    for item in items:
        if levels.is_unit(item.path) and not any(map(item.get_closest_marker, ("terraform", "slow"))):
            item.add_marker(pytest.mark.unit)
        if item.get_closest_marker("xdist_group") is None and _uses_a_module_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    places = {levels.TESTS / file: place for place, file in enumerate(levels.LONGEST)}
    items.sort(
        key=lambda item: (
            places.get(item.path, len(places)),
            item.get_closest_marker("terraform") is None,
            item.get_closest_marker("slow") is None,
        )
    )


def _uses_a_module_fixture(item: pytest.Item) -> bool:
    if item.get_closest_marker("slow") is None and item.get_closest_marker("terraform") is None:
        return False
    info = getattr(item, "_fixtureinfo", None)
    definitions = info.name2fixturedefs.values() if info else ()
    return any(_of_a_module(several) for several in definitions)


def _of_a_module(definitions: Sequence[pytest.FixtureDef[object]]) -> bool:
    """Whether a fixture is made once per module, and not anew for each test by a later definition of its name."""
    last = definitions[-1]
    replaced = last.scope == "function" and last.argname not in last.argnames
    return not replaced and any(fixture.scope == "module" for fixture in definitions)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The repository."""
    return Path(__file__).parents[1]


@pytest.fixture
def bare_checkout(checkout: Path, tmp_path: Path) -> Path:
    """A checkout with nothing but cdktf.json and the environment files."""
    root = tmp_path / "checkout"
    shutil.copytree(checkout / "environments", root / "environments")
    shutil.copy(checkout / "cdktf.json", root)
    return root


@pytest.fixture(scope="session")
def synthesised(checkout: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """What main.py writes for the committed environments; made once, also where several workers run."""
    base = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    out = base / "synthesised"
    with FileLock(base / "synthesised.lock"):
        if not (out / "done").exists():
            synthesise(checkout, out)
            (out / "done").touch()
    return out


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[CloudProject]:
    """The embedded AWS of this worker. Most tests need no other: their states have prefixes of their own."""
    from tests.support.cloud_project import cloud_project

    with cloud_project(tmp_path_factory.mktemp("cloud"), checkout, Path(sys.executable)) as made:
        yield made


@pytest.fixture(scope="module")
def cloud(embedded_aws: CloudProject) -> CloudProject:
    """The same, emptied of the states, locks and stacks of the module before."""
    embedded_aws.clear_states()
    return embedded_aws


@pytest.fixture
def project(tmp_path: Path, cloud: CloudProject, checkout: Path) -> PlannedProject:
    """A checkout for one test, whose states have a prefix of their own."""
    from tests.support.planned_project import planned_project

    return planned_project(tmp_path / "checkout", cloud, checkout)
