"""What is killed in the middle is repaired by the commands that `gw recover` names: nothing is lost or made twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.app import App, app, bootstrap, server
from tests.faults.checks import Losses, losses
from tests.faults.fault import Fault, faults, finish, inject
from tests.faults.injector import Harm
from tests.faults.points import POINTS

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


# `make soak` injects all of them. Each of these is repaired in another way.
CHOSEN = (
    ("deploy: the key without a name is made, tree", "unlock, import"),
    ("deploy: the state is stored, tree", "correct-checksum, unlock"),
    ("deploy: the lock is taken, group", "the next deploy"),
    ("deploy: the first resource is made, embedded AWS", "deploy"),
    ("approved apply: the state is to be stored, tree", "unlock, import, resolve"),
    ("bootstrap: the table is made, tree", "bootstrap"),
)


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, App]]:
    """Whether it is for bootstrap → the application; all faults meet the same two."""
    with server(tmp_path_factory.mktemp("server")) as (cloud, endpoint):
        folder = tmp_path_factory.mktemp("applications")
        yield {
            False: app(folder / "application", cloud, endpoint),
            True: bootstrap(folder / "bootstrap", cloud, endpoint),
        }


@pytest.mark.parametrize(("name", "repaired_by"), CHOSEN)
def test_a_fault_is_repaired_as_gw_recover_says(applications: dict[bool, App], name: str, repaired_by: str) -> None:
    (fault,) = [fault for fault in faults() if str(fault) == name]
    outcome = inject(applications[fault.point.operation == "bootstrap"], fault)
    assert outcome.left == Losses()
    assert outcome.repaired_by == repaired_by


@pytest.mark.parametrize("is_bootstrap", [False, True])
def test_after_all_faults_a_deploy_leaves_nothing_to_change(applications: dict[bool, App], is_bootstrap: bool) -> None:
    application = applications[is_bootstrap]
    if not application.version:
        application.change()
    assert finish(application) == Losses()


def test_every_point_and_harm_has_a_name_of_its_own() -> None:
    names = [str(Fault(point, harm)) for point in POINTS for harm in Harm]
    assert len(names) == len(set(names)) >= 20 * len(Harm)
    assert {name for name, _ in CHOSEN} <= set(names)


def test_a_second_key_and_a_missing_parameter_are_seen(applications: dict[bool, App]) -> None:
    """The checks themselves have to see what a repair would leave."""
    application = applications[False]
    if not application.version:
        application.change()
        finish(application)
    kms, ssm = application.server.client("kms"), application.server.client("ssm")
    name, gone = (application.name(what, application.version) for what in ("key", "first"))
    key = kms.create_key(Description=name)["KeyMetadata"]["KeyId"]
    ssm.delete_parameter(Name=gone)
    left = losses(application)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    ssm.put_parameter(Name=gone, Type="String", Value="x")
    assert left == Losses(lost=(f"{gone} {gone}",), twice=(name,), orphans=(f"{name} {key}",))
    assert losses(application) == Losses()
