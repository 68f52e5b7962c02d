"""Opens the plan store of an environment, which its `delivery` stack creates."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import StackBlocked, TerraformFailed, UsageError
from groundwork.platform import PipelineRole, PlanStoreLocation
from groundwork.state import aws, aws_session
from groundwork.store.mac import KmsMac
from groundwork.store.plan_store import PlanStore
from groundwork.store.s3_store import S3Objects
from groundwork.workspace import Workspace


def open_store(workspace: Workspace, environment: str, *, role: PipelineRole) -> PlanStore:
    """The store of an environment, with the permissions of `role`. The environment must be synthesised.

    On AWS the job's own credentials decide; on the laptop the role is assumed, with the same permissions as on AWS.
    Raises StackBlocked where there is no plan store yet, TerraformFailed where AWS refuses.
    """
    values = workspace.environments[environment]
    values.require_real_accounts()
    if values.plan_store is None:
        raise UsageError(f"{environment} has no plan store", fix="name one in the platform")
    state = workspace.store(values.plan_store.stack)
    session = state.session
    try:
        if not _exists(session, values.plan_store.bucket, state.endpoint):
            raise StackBlocked(f"{environment} has no plan store yet", fix=f"gw bootstrap {environment}")
        if values.target == "laptop":
            session = aws_session.assume(session, values.plan_store.roles[role], name="laptop", endpoint=state.endpoint)
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(
            f"the plan store of {environment} cannot be reached: {error}", fix="sign in; for the laptop: gw local up"
        ) from error
    return in_aws(environment, values.plan_store, session, region=values.region, endpoint=state.endpoint)


def in_aws(
    environment: str,
    location: PlanStoreLocation,
    session: boto3.Session,
    *,
    region: str,
    endpoint: str | None,
) -> PlanStore:
    """The store at a location in AWS, with the credentials of `session`."""
    s3, kms = (
        session.client(service, region_name=region, endpoint_url=endpoint, config=aws_session.CONFIG)
        for service in ("s3", "kms")
    )
    objects = S3Objects(s3, location.bucket, location.deployed_key)
    return PlanStore(environment, objects, KmsMac(kms, location.mac_key))


def _exists(session: boto3.Session, bucket: str, endpoint: str | None) -> bool:
    try:
        session.client("s3", endpoint_url=endpoint, config=aws_session.CONFIG).head_bucket(Bucket=bucket)
    except ClientError as error:
        if aws.is_absent(error):
            return False
        raise
    return True
