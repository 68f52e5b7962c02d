"""A project with the stack `web` for the tests of this folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.gate.gated_project import GatedProject
from tests.support.cloud_project import CloudProject
from tests.support.planned_project import planned_project


@pytest.fixture
def project(tmp_path: Path, cloud: CloudProject, checkout: Path) -> GatedProject:
    """The stack `web`, committed and not deployed, beside `delivery`, from which gw takes the plan store's backend."""
    made = GatedProject(**vars(planned_project(tmp_path / "checkout", cloud, checkout)))
    shutil.copy(checkout / "environments" / "prod.yaml", made.root / "environments")
    made.stack("delivery", {})
    made.web()
    made.commit()
    return made
