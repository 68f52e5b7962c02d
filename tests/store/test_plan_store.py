"""The store returns a bundle exactly as it was planned, or refuses with the reason."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from groundwork.errors import Refused
from groundwork.plan import archive
from groundwork.plan.bundle import Stored
from groundwork.refusals import Code
from groundwork.store.objects import AlreadyStored
from groundwork.store.plan_store import PlanStore
from tests.store import memory
from tests.support.sample_bundles import AT, COMMIT, decision, index, made, packed


@pytest.fixture
def store() -> PlanStore:
    return memory.store()


def tamper(store: PlanStore, stored: Stored, body: bytes | None) -> None:
    """Replace the bytes of a bundle, or delete it."""
    key, objects = store.objects.key_of(stored.location), memory.objects(store).stored
    if body is None:
        del objects[key]
    else:
        objects[key] = body


def refused(error: pytest.ExceptionInfo[Refused]) -> Code:
    (refusal,) = error.value.refusals
    assert refusal.stack == "local-thing"
    assert refusal.command
    return refusal.code


def test_a_pushed_bundle_can_be_fetched(store: PlanStore) -> None:
    stored = store.push(*made())
    assert store.fetch(stored, index=index(stored)) == b"planned bytes"
    assert (stored.stack, stored.outcome, stored.wave) == ("local-thing", "change", 0)


def test_refuses_bundle_tampered(store: PlanStore) -> None:
    stored = store.push(*made())
    tamper(store, stored, b"other bytes")
    with pytest.raises(Refused, match="not those that were planned") as error:
        store.fetch(stored, index=index(stored))
    assert refused(error) is Code.BUNDLE_TAMPERED


def test_a_digest_changed_to_fit_other_bytes_is_refused_by_the_mac(store: PlanStore) -> None:
    stored, other = store.push(*made()), store.push(*made(body=b"other bytes", run_id="7"))
    forged = stored.model_copy(update={"digest": other.digest, "location": other.location})
    with pytest.raises(Refused, match="MAC is not that of local-thing") as error:
        store.fetch(forged, index=index(forged))
    assert refused(error) is Code.BUNDLE_TAMPERED


@pytest.mark.parametrize(
    "other", [{"commit": "d" * 40}, {"run_id": "101"}, {"run_attempt": 2}, {"environment": "prod"}]
)
def test_a_plan_of_another_run_commit_or_environment_is_refused(store: PlanStore, other: dict[str, object]) -> None:
    stored = store.push(*made())
    with pytest.raises(Refused) as error:
        store.fetch(stored, index=index(stored, **other))
    assert refused(error) is Code.BUNDLE_TAMPERED


def test_a_plan_of_another_stack_is_refused(store: PlanStore) -> None:
    stored = store.push(*made(stack="local-other")).model_copy(update={"stack": "local-thing"})
    with pytest.raises(Refused) as error:
        store.fetch(stored, index=index(stored))
    assert refused(error) is Code.BUNDLE_TAMPERED


def test_refuses_bundle_missing(store: PlanStore) -> None:
    stored = store.push(*made())
    tamper(store, stored, None)
    with pytest.raises(Refused) as error:
        store.fetch(stored, index=index(stored))
    assert refused(error) is Code.BUNDLE_MISSING


def test_a_bundle_whose_version_does_not_exist_is_missing(store: PlanStore) -> None:
    stored = store.push(*made()).model_copy(update={"version_id": "another"})
    with pytest.raises(Refused) as error:
        store.fetch(stored, index=index(stored))
    assert refused(error) is Code.BUNDLE_MISSING


@pytest.mark.parametrize("where", ["outside", "climbing", "audit"])
def test_a_bundle_at_a_place_for_other_objects_is_refused(store: PlanStore, tmp_path: Path, where: str) -> None:
    stored = store.push(*made())
    place = {
        "outside": str(tmp_path / "bundle.tar.gz"),
        "climbing": stored.location.replace("/main/", "/main/../audit/"),
        "audit": store.record(decision()),
    }[where]
    with pytest.raises(Refused, match="location that plans are not fetched from") as error:
        store.fetch(stored.model_copy(update={"location": place}), index=index(stored))
    assert refused(error) is Code.BUNDLE_TAMPERED


def test_objects_are_not_overwritten(store: PlanStore) -> None:
    stored = store.push(*made())
    with pytest.raises(AlreadyStored):
        store.objects.put_new(store.objects.key_of(stored.location), b"x", media_type="application/gzip")
    assert store.fetch(stored, index=index(stored)) == b"planned bytes"
    assert store.push(*made()).location != stored.location, "the same plan again gets its own place"


def test_bundles_and_decisions_of_another_environment_are_refused(store: PlanStore) -> None:
    with pytest.raises(ValueError, match="local-thing is of prod"):
        store.push(*made(environment="prod"))
    with pytest.raises(ValueError, match="decision about prod"):
        store.record(decision(environment="prod"))


def test_only_equal_changes_have_equal_fingerprints(store: PlanStore) -> None:
    stored = store.push(*made())
    assert store.push(*made(body=b"another archive", run_id="7")).fingerprint == stored.fingerprint
    assert store.same_changes(stored, "1" * 64)
    assert not store.same_changes(stored, "2" * 64)
    assert not store.same_changes(stored.model_copy(update={"stack": "local-other"}), "1" * 64)
    assert not store.same_changes(stored.model_copy(update={"fingerprint": stored.mac}), "1" * 64)


def test_the_fingerprint_is_keyed(store: PlanStore) -> None:
    other = memory.store()
    assert store.fingerprint("local-thing", "1" * 64) != other.fingerprint("local-thing", "1" * 64)


def test_decisions_are_read_in_the_order_of_their_times(store: PlanStore) -> None:
    for minutes, kind in ((3, "applied"), (1, "planned"), (2, "refused")):
        store.record(decision(kind=kind, at=AT + timedelta(minutes=minutes), codes=("state-moved",)))
    assert [entry.kind for entry in store.decisions()] == ["planned", "refused", "applied"]
    assert [entry.codes for entry in store.decisions("refused")] == [("state-moved",)]


def test_the_last_applied_plan_of_a_stack_is_kept_and_can_be_fetched(store: PlanStore, tmp_path: Path) -> None:
    assert store.last_applied("local-thing") is None
    for number in (1, 2):
        files = {"cdk.tf.json": f"code {number}", "plan": "a secret"}
        bundle = packed(tmp_path / str(number), files=files, run_attempt=number)
        planned, stored = bundle.body, store.push(*bundle)
        run = index(stored, run_attempt=number)
        store.keep_applied(stored, index=run, at=AT + timedelta(minutes=number))
        tamper(store, stored, None)
    last = store.last_applied("local-thing")
    assert last is not None
    assert store.fetch(last.stored, index=last) == planned

    # Plan jobs get the same folder without the plan.
    deployed = store.deployed("local-thing")
    assert deployed is not None
    about = archive.unpack(deployed, tmp_path / "deployed")
    assert (about.run_attempt, about.commit, list(about.files)) == (2, COMMIT, ["cdk.tf.json"])
    assert [path.name for path in (tmp_path / "deployed").iterdir()] == ["cdk.tf.json"]
    assert (tmp_path / "deployed" / "cdk.tf.json").read_text() == "code 2"
    assert store.deployed("local-other") is None


def test_a_bundle_of_another_commit_is_not_kept(store: PlanStore) -> None:
    stored = store.push(*made())
    with pytest.raises(Refused):
        store.keep_applied(stored, index=index(stored, commit="d" * 40), at=AT)
    assert store.last_applied("local-thing") is None
