"""Resources with a stack's tags are listed for every service, except those that a state has."""

from __future__ import annotations

import pytest

from groundwork.recover import tagged
from groundwork.recover.tagged import TaggingProvider
from tests.support.cloud_project import CloudProject

_ACCOUNT = "000000000000"


@pytest.mark.slow
def test_the_embedded_aws_lists_resources_of_many_services_by_tag(cloud: CloudProject) -> None:
    tags = {"environment": "local", "stack": "listed", "managed-by": "groundwork"}
    as_list = [{"Key": key, "Value": value} for key, value in tags.items()]

    def of(kind: str) -> list[dict[str, object]]:
        return [{"ResourceType": kind, "Tags": as_list}]

    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=of("vpc"))["Vpc"]["VpcId"]
    made = {
        "aws_vpc": vpc,
        "aws_eip": ec2.allocate_address(Domain="vpc", TagSpecifications=of("elastic-ip"))["AllocationId"],
        "aws_vpc_endpoint": ec2.create_vpc_endpoint(
            VpcId=vpc, ServiceName="com.amazonaws.eu-west-2.s3", TagSpecifications=of("vpc-endpoint")
        )["VpcEndpoint"]["VpcEndpointId"],
        "aws_launch_template": ec2.create_launch_template(
            LaunchTemplateName="listed",
            LaunchTemplateData={"InstanceType": "t3.micro"},
            TagSpecifications=of("launch-template"),
        )["LaunchTemplate"]["LaunchTemplateId"],
        "aws_ecr_repository": "listed",
        "aws_sqs_queue": f"https://sqs.eu-west-2.amazonaws.com/{_ACCOUNT}/listed",
    }
    cloud.client("ecr").create_repository(repositoryName="listed", tags=as_list)
    cloud.client("sqs").create_queue(QueueName="listed", tags=tags)
    cloud.client("sqs").create_queue(QueueName="unlisted", tags={**tags, "stack": "other"})

    arns = tagged.search(cloud.session(), TaggingProvider("eu-west-2", tags, ""), endpoint=cloud.endpoint)
    assert len(arns) == len(made)
    ids = {id_.rpartition("/")[2] for id_ in made.values()}
    assert {arn.replace(":", "/").rpartition("/")[2] for arn in arns} == ids


@pytest.mark.parametrize(
    ("arn", "attributes"),
    [
        ("arn:aws:sqs:eu-west-2:1:q", {"arn": "arn:aws:sqs:eu-west-2:1:q"}),
        ("arn:aws:logs:eu-west-2:1:log-group:/aws/x:*", {"arn": "arn:aws:logs:eu-west-2:1:log-group:/aws/x"}),
        ("arn:aws:ec2:eu-west-2:1:natgateway/nat-1", {"id": "nat-1"}),
        ("arn:aws:kms:eu-west-2:1:key/k", {"settings": [{"kms_key_arn": "arn:aws:kms:eu-west-2:1:key/k"}]}),
    ],
)
def test_an_arn_that_a_state_has_is_not_listed(arn: str, attributes: dict[str, object]) -> None:
    resource = {"mode": "managed", "type": "t", "name": "n", "instances": [{"attributes": attributes}]}
    assert tagged.without_state([arn, arn], [{"resources": [resource]}]) == []
    assert tagged.without_state([arn, arn], [{}]) == [arn]


def test_an_equal_id_in_another_service_does_not_hide_an_arn() -> None:
    resource = {"mode": "managed", "type": "aws_s3_bucket", "name": "n", "instances": [{"attributes": {"id": "q"}}]}
    assert tagged.without_state(["arn:aws:sqs:eu-west-2:1:q"], [{"resources": [resource]}]) == [
        "arn:aws:sqs:eu-west-2:1:q"
    ]


def test_only_providers_that_set_all_tags_are_searched() -> None:
    tags = {"environment": "dev", "stack": "x", "managed-by": "groundwork", "team": "platform"}
    terraform = {
        "provider": {
            "aws": [
                {"region": "eu-west-2", "default_tags": [{"tags": tags}], "assume_role": [{"role_arn": "r"}]},
                {"region": "us-east-1", "alias": "bare"},
            ]
        }
    }
    (provider,) = tagged.tagging_providers(terraform)
    assert (provider.region, provider.role, sorted(provider.tags)) == ("eu-west-2", "r", sorted(tagged.TAGS))
    assert tagged.tagging_providers({}) == []
