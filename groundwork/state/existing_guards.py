"""Guards that an account has already, from Control Tower or an organisation, before bootstrap makes its own."""

from __future__ import annotations

from collections.abc import Mapping

import boto3

from groundwork.errors import StackBlocked
from groundwork.platform import Guard
from groundwork.state import aws_session


def refuse_second_detector(session: boto3.Session, wanted: Mapping[Guard, str]) -> None:
    """Raise StackBlocked where GuardDuty has a detector already: a region takes one, and it is somebody else's.

    `wanted` is guard → key of the environment's file that makes it.
    """
    if key := wanted.get("detector"):
        detectors = session.client("guardduty", config=aws_session.CONFIG).list_detectors()["DetectorIds"]
        if detectors:
            raise StackBlocked(
                f"the account has a GuardDuty detector ({detectors[0]}) already, and AWS allows one per region",
                fix=f"write `false` for {key}, which leaves it to whoever made it, for example the organisation",
            )


def second_trails(session: boto3.Session, wanted: Mapping[Guard, str]) -> list[str]:
    """A sentence for every trail over all regions that the account has already: each one more is charged."""
    if not (key := wanted.get("trail")):
        return []
    trails = session.client("cloudtrail", config=aws_session.CONFIG).describe_trails()["trailList"]
    return [
        f"the account is recorded by the trail {trail['Name']}"
        + (" of the organisation" if trail.get("IsOrganizationTrail") else "")
        + f" already; ours comes on top and is charged, unless {key} is `false`"
        for trail in trails
        if trail.get("IsMultiRegionTrail")
    ]
