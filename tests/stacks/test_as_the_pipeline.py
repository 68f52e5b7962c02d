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
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from localcloud.aws.web_identity import GITHUB
from localcloud.cloud import LocalCloud
from localcloud.profile import Keys
from stacks.values import Environment, Names, load
from tests.support.fake_github.oidc import ISSUER, Signer
from tests.support.merged_stacks import merge
from tests.support.terraform import Outcome, Terraform, find_or_skip

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(1500)]

BOOTSTRAP = ("state-backend", "account", "delivery", "archive-roles")
APPLIED = ("network", "cluster", "archive", "api")
WORKFLOWS = {"plan": "plan.yml", "plan-pull-request": "plan.yml", "apply": "apply.yml"}


@dataclass
class Pipeline:
    """The jobs of one environment's pipeline, against an embedded AWS of its own."""

    environment: Environment
    terraform: Terraform
    endpoint: str
    keys: Keys
    signer: Signer

    @property
    def names(self) -> Names:
        return Names(self.environment)

    def run(self, job: str, folder: Path, command: str, *options: str) -> Outcome:
        """Run Terraform as a role of the pipeline, or as `person`, who is an administrator."""
        keys = self.person() if job == "person" else self._job(job)
        environ = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_S3_USE_PATH_STYLE": "true",
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        return self.terraform.run(folder, command, "-no-color", "-input=false", *options, environ=environ)

    def person(self) -> dict[str, str]:
        """Keys of an administrator of the environment's account."""
        role = self.names.aws.iam_arn("role/administrator")
        answer: dict[str, dict[str, str]] = self._sts().assume_role(RoleArn=role, RoleSessionName="person")
        return answer["Credentials"]

    def _job(self, role: str) -> dict[str, str]:
        repository, now = self.environment.singletons.github_repository, int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "sts.amazonaws.com",
            "sub": f"repo:{repository}:environment:{self.names.github_environment(role)}",  # type: ignore[arg-type]
            "job_workflow_ref": f"{repository}/.github/workflows/{WORKFLOWS[role]}@refs/heads/main",
            "iat": now,
            "nbf": now - 300,
            "exp": now + 300,
        }
        answer: dict[str, dict[str, str]] = self._sts().assume_role_with_web_identity(
            RoleArn=self.names.delivery_role_arn(role),  # type: ignore[arg-type]
            RoleSessionName="job",
            WebIdentityToken=self.signer.sign(claims),
        )
        return answer["Credentials"]

    def _sts(self) -> boto3.client:
        keys = {"aws_access_key_id": self.keys.access_key, "aws_secret_access_key": self.keys.secret}
        return boto3.client("sts", endpoint_url=self.endpoint, region_name=self.environment.region, **keys)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    server = LocalCloud(tmp_path / "cloud", Path(sys.executable))
    yield server
    server.down()


def succeed(outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.end


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_pipelines_roles_can_do_what_every_stack_needs(
    name: str, cloud: LocalCloud, synthesised: Path, checkout: Path, tmp_path: Path
) -> None:
    environment, signer = load(checkout / "environments" / f"{name}.yaml"), Signer()
    program = find_or_skip(checkout, tmp_path)
    pipeline = Pipeline(environment, program, cloud.up(port=0).endpoint, cloud.keys, signer)
    cloud.trust_issuer(GITHUB, signer.jwks())
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
