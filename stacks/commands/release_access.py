"""AWS as the role that releases charts: a job of the pipeline has it already, a laptop takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.cli.context import Context
from groundwork.errors import LocalCloudError, TerraformFailed
from groundwork.state import aws_session
from stacks.values import Names, laptop


@dataclass(frozen=True)
class ReleaseAccess:
    """A session of the environment's account; `endpoint` is the embedded AWS's, None for AWS."""

    session: boto3.Session
    endpoint: str | None

    def client(self, service: Literal["s3", "ecr"]) -> Any:
        """A boto3 client."""
        return self.session.client(service, endpoint_url=self.endpoint, config=aws_session.CONFIG)


def release_access(context: Context, names: Names) -> ReleaseAccess:
    """On AWS the credentials of the shell decide, on a laptop those of that role, with the same rights.

    Raises TerraformFailed for credentials of another account, LocalCloudError where the embedded AWS does not run.
    """
    values = names.environment
    if values.target == "aws":
        session = boto3.Session(region_name=values.region)
        aws_session.require_account(session, values.accounts.main.id, endpoint=None)
        return ReleaseAccess(session, None)
    running = context.cloud.status()
    if running is None:
        raise LocalCloudError("the embedded AWS is not running", fix="gw local up")
    own = aws_session.session(
        context.project.out / "stacks" / names.stack("delivery"), {**laptop.BACKEND, "region": values.region}
    )
    role = names.delivery_role_arn("release-charts")
    try:
        return ReleaseAccess(aws_session.assume(own, role, name="laptop", endpoint=running.endpoint), running.endpoint)
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(f"the role {role} cannot be assumed: {error}", fix="gw local up") from error
