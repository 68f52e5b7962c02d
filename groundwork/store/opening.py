"""Finds the plan store of an environment: the `delivery` stack's, or on a laptop without one a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import StackBlocked, TerraformFailed
from groundwork.state import aws_session
from groundwork.store.mac import KmsMac
from groundwork.store.plan_store import PlanStore
from groundwork.store.s3_store import S3Objects
from stacks.values import Environment, Names
from stacks.values.naming import PipelineRole
from stacks.values.placeholders import refuse_placeholders

if TYPE_CHECKING:
    from groundwork.workspace import Workspace

_ABSENT = {"404", "NoSuchBucket"}


def open_store(workspace: Workspace, environment: str, *, role: PipelineRole) -> PlanStore:
    """The store of an environment, for what `role` may do.

    On AWS the job's own credentials decide; on the laptop the role is assumed, so that it may no more than on AWS. The
    environment must be synthesised. Raises StackBlocked where AWS has no `delivery` stack yet, TerraformFailed where
    AWS refuses.
    """
    values = workspace.environments[environment]
    refuse_placeholders(values)
    names = Names(values)
    state = workspace.store(names.stack("delivery"))
    session = aws_session.session(state.folder, state.backend)
    try:
        if not _exists(session, names.plan_bucket, state.endpoint):
            return _without(workspace, values)
        if values.target == "laptop":
            session = aws_session.assume(session, names.delivery_role_arn(role), name="laptop", endpoint=state.endpoint)
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(
            f"the plan store of {environment} cannot be asked: {error}", fix="sign in; for the laptop: gw local up"
        ) from error
    return in_aws(names, session, role=role, endpoint=state.endpoint)


def in_aws(names: Names, session: boto3.Session, *, role: PipelineRole, endpoint: str | None) -> PlanStore:
    """The store in the `delivery` stack's bucket, with its keys, by the credentials of `session`."""
    region = names.environment.region
    s3, kms = (
        session.client(service, region_name=region, endpoint_url=endpoint, config=aws_session.CONFIG)
        for service in ("s3", "kms")
    )
    alias = names.plan_mac_alias(pull_request=role == "plan-pull-request")
    objects = S3Objects(s3, names.plan_bucket, names.deployed_key_alias_arn)
    return PlanStore(names.environment.name, objects, KmsMac(kms, alias))


def _exists(session: boto3.Session, bucket: str, endpoint: str | None) -> bool:
    try:
        session.client("s3", endpoint_url=endpoint, config=aws_session.CONFIG).head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return False
        raise
    return True


def _without(workspace: Workspace, environment: Environment) -> PlanStore:
    if environment.target == "laptop":
        return PlanStore.in_folder(workspace.project.work, environment.name)
    raise StackBlocked(
        f"{environment.name} has no plan store yet: its delivery stack is not there",
        fix=f"gw bootstrap {environment.name}",
    )
