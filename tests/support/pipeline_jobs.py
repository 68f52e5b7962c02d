"""Terraform as a job of the pipeline runs it: signed in with a token of GitHub's, by the role's trust policy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import boto3

from localcloud.aws.web_identity import GITHUB
from localcloud.cloud import LocalCloud
from localcloud.profile import Keys
from stacks.values import Environment, Names
from tests.support.fake_github.oidc import ISSUER, Signer
from tests.support.terraform import Outcome, Terraform

WORKFLOWS = {"plan": "plan.yml", "plan-pull-request": "plan.yml", "apply": "apply.yml"}


@dataclass
class PipelineJobs:
    """The jobs of one environment's pipeline, against an embedded AWS of its own."""

    environment: Environment
    terraform: Terraform
    endpoint: str
    keys: Keys
    signer: Signer

    @classmethod
    def of(cls, environment: Environment, terraform: Terraform, cloud: LocalCloud) -> PipelineJobs:
        """Starts `cloud`, which from then on trusts the tokens of these jobs."""
        signer = Signer()
        jobs = cls(environment, terraform, cloud.up(port=0).endpoint, cloud.keys, signer)
        cloud.trust_issuer(GITHUB, signer.jwks())
        return jobs

    @property
    def names(self) -> Names:
        return Names(self.environment)

    def run(self, job: str, folder: Path, command: str, *options: str) -> Outcome:
        """Run Terraform as a role of the pipeline, or as `person`, who is an administrator."""
        keys = self._person() if job == "person" else self._job(job)
        environ = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_S3_USE_PATH_STYLE": "true",
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        return self.terraform.run(folder, command, "-no-color", "-input=false", *options, environ=environ)

    def client_of_person(self, service: str) -> boto3.client:
        """boto3 as an administrator of the environment's account."""
        keys = self._person()
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.environment.region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def _person(self) -> dict[str, str]:
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


def succeed(outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.end
