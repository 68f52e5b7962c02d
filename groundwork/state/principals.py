"""Roles that the values name and somebody else makes: whether they exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.state import aws_session
from groundwork.state.aws import is_absent


def missing(session: boto3.Session, principals: Mapping[str, str]) -> Iterator[str]:
    """A sentence for every role that does not exist; `principals` is key in the environment's file → ARN.

    EKS refuses an access entry for a role that does not exist, in the middle of an apply. Users are not looked up. The
    role of a service can be made by its name alone.
    """
    client = session.client("iam", config=aws_session.CONFIG)
    for key, arn in principals.items():
        _, is_role, path = arn.partition(":role/")
        if not is_role:
            continue
        try:
            client.get_role(RoleName=path.rsplit("/", 1)[-1])
        except ClientError as error:
            if is_absent(error):
                yield _absent(key, arn)
            else:
                yield f"{key}: {arn} could not be looked up: {error}"
        except BotoCoreError as error:
            yield f"{key}: {arn} could not be looked up: {error}"


def _absent(key: str, arn: str) -> str:
    _, is_linked, path = arn.partition(":role/aws-service-role/")
    if is_linked:
        make = f"aws iam create-service-linked-role --aws-service-name {path.partition('/')[0]}"
        return f"{key}: {arn} does not exist in this account. Make it: {make}"
    return f"{key}: {arn} does not exist, and EKS will refuse it. Make the role, or remove the entry"
