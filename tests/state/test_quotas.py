"""Bootstrap says which quotas later stacks would exceed, and how to request more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from groundwork.platform import QuotaNeed
from groundwork.state import quotas
from stacks.values.quotas import quota_needs
from tests.support.synth import environment

# Service Quotas' own codes: `aws service-quotas list-aws-default-service-quotas --service-code lambda` (and ec2).
LAMBDA = QuotaNeed("lambda", "L-B99A9384", "Lambda's concurrent executions", 120)
KEY = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}


class Session:
    """A session whose client of Service Quotas is stubbed."""

    region_name = "eu-west-2"

    def __init__(self) -> None:
        credentials = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.made: Any = boto3.client("service-quotas", region_name="eu-west-2", **credentials)

    def client(self, *_: object, **__: object) -> Any:
        return self.made


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def stub(session: Session) -> Iterator[Stubber]:
    with Stubber(session.made) as stub:
        yield stub
        stub.assert_no_pending_responses()


def test_a_quota_that_is_too_small_is_named_with_the_request(session: Any, stub: Stubber) -> None:
    stub.add_response("get_service_quota", {"Quota": {"Value": 10.0}}, KEY)
    (sentence,) = quotas.shortfalls(session, [LAMBDA])
    assert sentence == (
        "Lambda's concurrent executions: the account may have 10, the environment needs 120. Request more: "
        "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
        "--desired-value 120 --region eu-west-2"
    )


def test_a_quota_that_was_never_raised_has_aws_s_default(session: Any, stub: Stubber) -> None:
    stub.add_client_error("get_service_quota", "NoSuchResourceException", expected_params=KEY)
    stub.add_response("get_aws_default_service_quota", {"Quota": {"Value": 1000.0}}, KEY)
    assert not list(quotas.shortfalls(session, [LAMBDA]))


def test_a_quota_that_may_not_be_read_is_reported(session: Any, stub: Stubber) -> None:
    stub.add_client_error("get_service_quota", "AccessDeniedException", expected_params=KEY)
    (sentence,) = quotas.shortfalls(session, [LAMBDA])
    assert sentence.startswith("the quota of Lambda's concurrent executions could not be read: ")


def needed(**changes: Any) -> dict[str, int]:
    return {need.code: need.needed for need in quota_needs(environment(**changes))}


def test_nodes_and_nat_gateways_count_at_their_most() -> None:
    """EC2 user guide: standard instances share a quota of vCPUs, and Spot has another."""
    groups = {
        "general": {"max": 6},
        "big": {"instance_types": ["m7g.2xlarge", "m7g.4xlarge"], "max": 3},
        "cheap": {"capacity": "spot", "max": 4, "instance_types": ["c7g.xlarge"]},
        "gpu": {"instance_types": ["g5.xlarge"], "architecture": "x86_64"},
    }
    needs = needed(cluster={"node_groups": groups}, network={"nat": "per_zone", "zones": 3})
    assert needs == {"L-1216C47A": 6 * 2 + 3 * 16, "L-34B43A08": 4 * 4, "L-0263D0A3": 3}


def test_a_reservation_leaves_a_hundred_executions_for_other_functions() -> None:
    """Lambda developer guide, "Configuring reserved concurrency": 100 stay for functions without a reservation."""
    assert needed(api={"function": {"reserved_concurrency": 20}})["L-B99A9384"] == 120
    assert "L-B99A9384" not in needed(), "nothing is reserved by default: a new account has ten executions in all"
