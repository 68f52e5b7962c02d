"""AWS quotas that an environment needs more of than the account has; new accounts start with very little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.platform import QuotaNeed
from groundwork.state import aws_session
from groundwork.state.aws import error_code

# An account that was never granted more has no value of its own, only AWS's default.
_NO_OWN_VALUE = "NoSuchResourceException"


def shortfalls(session: boto3.Session, needs: Sequence[QuotaNeed]) -> Iterator[str]:
    """A sentence for every quota that is too small, with the command that requests more.

    What the account already uses is not counted. A quota that cannot be read has a sentence, too.
    """
    client = session.client("service-quotas", config=aws_session.CONFIG)
    for need in needs:
        try:
            granted = _granted(client, need)
        except (BotoCoreError, ClientError) as error:
            yield f"the quota of {need.name} could not be read: {error}"
            continue
        if granted < need.needed:
            yield (
                f"{need.name}: the account may have {granted:g}, the environment needs {need.needed}. Request more: "
                f"aws service-quotas request-service-quota-increase --service-code {need.service} "
                f"--quota-code {need.code} --desired-value {need.needed} --region {session.region_name}"
            )


def _granted(client: Any, need: QuotaNeed) -> float:
    key = {"ServiceCode": need.service, "QuotaCode": need.code}
    try:
        answer = client.get_service_quota(**key)
    except ClientError as error:
        if error_code(error) != _NO_OWN_VALUE:
            raise
        answer = client.get_aws_default_service_quota(**key)
    return float(answer["Quota"]["Value"])
