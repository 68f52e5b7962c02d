"""The apply job pulls all bundles that the plan job pushed, exactly as planned, or none."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from groundwork.errors import Refused, UsageError
from groundwork.plan import archive, digest
from groundwork.plan.bundle import Index
from groundwork.store import transfer
from groundwork.store.plan_store import PlanStore
from tests.store import memory
from tests.support import sample_bundles


@pytest.fixture
def store() -> PlanStore:
    return memory.store()


@pytest.fixture
def planned(tmp_path: Path) -> Index:
    """An index of two stacks, as `gw plan make` writes it."""
    bundles = []
    for stack in ("local-one", "local-two"):
        folder = tmp_path / stack
        folder.mkdir()
        (folder / "cdk.tf.json").write_text(f'{{"output": "{stack}"}}')
        bundle = sample_bundles.bundle(stack=stack, files=digest.of_folder(folder))
        path = tmp_path / f"{stack}.tar.gz"
        path.write_bytes(archive.pack(folder, bundle))
        bundles.append(
            sample_bundles.stored(stack=stack, location=str(path), digest=digest.of_file(path), mac="", fingerprint="")
        )
    return sample_bundles.index(*bundles)


def clock() -> datetime:
    return sample_bundles.AT


def push(store: PlanStore, planned: Index) -> Index:
    return transfer.push(store, planned, who="ann", clock=clock)


def test_pulled_bundles_are_those_that_were_pushed(store: PlanStore, planned: Index, tmp_path: Path) -> None:
    pushed = push(store, planned)
    paths = transfer.pull(store, pushed, tmp_path / "pulled")
    assert [path.name for path in paths] == ["local-one.tar.gz", "local-two.tar.gz"]
    for path, stored in zip(paths, planned.bundles, strict=True):
        assert path.read_bytes() == Path(stored.location).read_bytes()
    assert pushed.model_copy(update={"bundles": ()}) == planned.model_copy(update={"bundles": ()})


def test_a_push_for_main_is_recorded_with_its_digests(store: PlanStore, planned: Index) -> None:
    push(store, planned)
    (decision,) = store.decisions()
    assert (decision.kind, decision.who, decision.stacks) == ("planned", "ann", ("local-one", "local-two"))
    assert decision.digests == {stored.stack: stored.digest for stored in planned.bundles}


def test_if_a_bundle_is_not_as_planned_none_is_pulled(store: PlanStore, planned: Index, tmp_path: Path) -> None:
    pushed = push(store, planned)
    memory.objects(store).stored[store.objects.key_of(pushed.bundles[1].location)] = b"other"
    with pytest.raises(Refused, match="local-two: bundle-tampered"):
        transfer.pull(store, pushed, tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists()


@pytest.mark.parametrize("wrong", ["gone", "other bytes", "other run", "other stack"])
def test_only_the_bundles_of_the_index_are_pushed(store: PlanStore, planned: Index, wrong: str) -> None:
    first, second = planned.bundles
    if wrong == "gone":
        Path(first.location).unlink()
    elif wrong == "other bytes":
        Path(first.location).write_bytes(Path(second.location).read_bytes())
    elif wrong == "other run":
        planned = planned.model_copy(update={"run_id": "7"})
    else:
        planned = planned.model_copy(update={"bundles": (first.model_copy(update={"stack": "local-three"}),)})
    with pytest.raises(UsageError):
        push(store, planned)
    assert not store.objects.keys("main/")
