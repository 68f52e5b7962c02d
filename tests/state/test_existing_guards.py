"""Bootstrap in an account of Control Tower or an organisation: guards that exist are reported first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from groundwork.errors import StackBlocked
from groundwork.state import existing_guards
from stacks.platform import PlatformEnvironment
from tests.support.synth import environment

WANTED: Any = {"detector": "singletons.threat_detection", "trail": "singletons.trail"}


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        yield boto3.Session("x", "x", region_name="eu-west-2")


def test_a_second_detector_is_refused_with_the_value_to_change(session: boto3.Session) -> None:
    """GuardDuty API reference, CreateDetector: one detector per account and region."""
    existing_guards.refuse_second_detector(session, WANTED)
    session.client("guardduty").create_detector(Enable=True)
    with pytest.raises(StackBlocked, match="GuardDuty detector") as raised:
        existing_guards.refuse_second_detector(session, WANTED)
    assert "singletons.threat_detection" in raised.value.fix
    existing_guards.refuse_second_detector(session, {})


def test_a_trail_that_exists_is_named_with_the_value(session: boto3.Session) -> None:
    """CloudTrail pricing: the first copy of management events is free, every further one is charged."""
    assert existing_guards.second_trails(session, WANTED) == []
    session.client("s3").create_bucket(
        Bucket="trail-records", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    session.client("cloudtrail").create_trail(
        Name="aws-controltower", S3BucketName="trail-records", IsMultiRegionTrail=True
    )
    (sentence,) = existing_guards.second_trails(session, WANTED)
    assert "aws-controltower" in sentence
    assert "unless singletons.trail is `false`" in sentence
    assert existing_guards.second_trails(session, {}) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, WANTED),
        ({"singletons": {"trail": False}}, {"detector": "singletons.threat_detection"}),
        ({"accounts": {"main": {"owns_singletons": False}}}, {}),
    ],
)
def test_only_guards_that_the_environment_makes_are_looked_for(changes: Any, expected: Any) -> None:
    assert PlatformEnvironment(environment(**changes)).guards == expected
