"""Every stack of dev and prod is made, planned and destroyed by the pipeline's own roles, with no right too few.

The embedded AWS holds roles to their policies (docs/adr/0020-roles-are-held-to-their-policies.md), and a job signs in
as on GitHub: with a token, by the role's trust policy. A person bootstraps; `plan` plans with a lock, `apply` applies
that plan, `plan-pull-request` finds no drift without a lock, `apply` destroys all but the archive, which a person does
(docs/architecture/archive.md). What prod adds to dev is in its apply; its destruction is refused before AWS is asked
(`prevent_destroy`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from stacks.values import Names, load
from tests.support.merged_stacks import merge
from tests.support.pipeline_jobs import PipelineJobs, succeed
from tests.support.terraform import find_or_skip

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(1500)]

BOOTSTRAP = ("state-backend", "account", "delivery", "archive-roles")
APPLIED = ("network", "cluster", "data", "archive", "api")


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    server = LocalCloud(tmp_path / "cloud", Path(sys.executable))
    yield server
    server.down()


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_pipelines_roles_can_do_what_every_stack_needs(
    name: str, cloud: LocalCloud, synthesised: Path, checkout: Path, tmp_path: Path
) -> None:
    environment = load(checkout / "environments" / f"{name}.yaml")
    program = find_or_skip(checkout, tmp_path)
    pipeline = PipelineJobs.of(environment, program, cloud)
    bootstrap, applied = tmp_path / "bootstrap", tmp_path / "applied"
    merge(synthesised, name, BOOTSTRAP, bootstrap, state=None)
    merge(synthesised, name, APPLIED, applied, state="applied")

    persons = _administrator_in_the_archive_account(
        bootstrap, "archive-roles", pipeline.names
    )  # as `gw bootstrap` does
    succeed(program.run(bootstrap, "get", environ={}))
    succeed(pipeline.run("person", bootstrap, "apply", "-auto-approve", "-parallelism=20"))
    persons.unlink()
    succeed(pipeline.run("plan", applied, "init"))
    succeed(pipeline.run("plan", applied, "plan", "-out=approved"))
    succeed(pipeline.run("apply", applied, "apply", "-parallelism=20", "approved"))
    if environment.protect:
        return
    for folder in (bootstrap, applied):
        succeed(pipeline.run("plan-pull-request", folder, "plan", "-lock=false", "-detailed-exitcode"))
    # Terraform takes the plan's role of the archive account while it destroys (Names.archive_role_arn).
    without_the_archive = [f"-target=module.{stack}" for stack in APPLIED if stack != "archive"]
    succeed(pipeline.run("apply", applied, "destroy", "-auto-approve", "-parallelism=20", *without_the_archive))
    _administrator_in_the_archive_account(applied, "archive", pipeline.names)
    succeed(pipeline.run("person", applied, "destroy", "-auto-approve", "-parallelism=20"))


def _administrator_in_the_archive_account(folder: Path, stack: str, names: Names) -> Path:
    """Let a person's Terraform in `folder` take the administrator's role of the archive account for one stack."""
    role = {"alias": stack, "assume_role": [{"role_arn": names.archive_bootstrap_role_arn}]}
    override = folder / "role_override.tf.json"
    override.write_text(json.dumps({"provider": {"aws": [role]}}), encoding="utf-8")
    return override
