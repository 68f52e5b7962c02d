"""What carries a stack's tags is found, whatever service it is of, and each ARN is read as its Terraform type."""

from __future__ import annotations

import pytest

from groundwork.recover import tagged
from groundwork.recover.arns import Arn, importable
from groundwork.recover.tagged import Where
from tests.support.cloud_project import CloudProject

_ACCOUNT = "000000000000"


@pytest.mark.slow
def test_the_embedded_aws_lists_what_our_stacks_are_made_of(cloud: CloudProject) -> None:
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

    found = tagged.search(cloud.session(), Where("eu-west-2", tags, ""), endpoint=cloud.endpoint)
    kinds = [importable(Arn.of(one.arn)) for one in found]
    assert {kind.types[0]: kind.id for kind in kinds if kind} == made
    assert len(kinds) == len(made)


@pytest.mark.parametrize(
    ("arn", "type_", "id_", "name"),
    [
        ("arn:aws:ssm:eu-west-2:1:parameter/a/b", "aws_ssm_parameter", "/a/b", "/a/b"),
        ("arn:aws:ssm:eu-west-2:1:parameter/plain", "aws_ssm_parameter", "plain", "plain"),
        ("arn:aws:s3:::files", "aws_s3_bucket", "files", "files"),
        ("arn:aws:logs:eu-west-2:1:log-group:/aws/x:*", "aws_cloudwatch_log_group", "/aws/x", "/aws/x"),
        ("arn:aws:eks:eu-west-2:1:nodegroup/c/n/6ab", "aws_eks_node_group", "c:n", "n"),
        ("arn:aws:eks:eu-west-2:1:addon/c/coredns/6ab", "aws_eks_addon", "c:coredns", "coredns"),
        ("arn:aws:eks:eu-west-2:1:access-entry/c/role/1/o/6ab", "aws_eks_access_entry", "c:arn:aws:iam::1:role/o", ""),
        ("arn:aws:apigateway:eu-west-2::/restapis/x1/stages/live", "aws_api_gateway_stage", "x1/live", "live"),
        ("arn:aws:wafv2:eu-west-2:1:regional/webacl/api/77", "aws_wafv2_web_acl", "77/api/REGIONAL", "api"),
        ("arn:aws:iam::1:policy/path/p", "aws_iam_policy", "arn:aws:iam::1:policy/path/p", "p"),
        ("arn:aws:lambda:eu-west-2:1:function:f", "aws_lambda_function", "f", "f"),
    ],
)  # fmt: skip
def test_an_arn_is_imported_as(arn: str, type_: str, id_: str, name: str) -> None:
    found = importable(Arn.of(arn))
    assert found
    assert (found.types[0], found.id, found.name) == (type_, id_, name)


def test_a_kind_that_is_not_known_is_not_guessed() -> None:
    assert importable(Arn.of("arn:aws:quantum:eu-west-2:1:thing/x")) is None


def test_a_provider_that_does_not_give_all_tags_is_not_searched() -> None:
    tags = {"environment": "dev", "stack": "x", "managed-by": "groundwork", "team": "platform"}
    terraform = {
        "provider": {
            "aws": [
                {"region": "eu-west-2", "default_tags": [{"tags": tags}], "assume_role": [{"role_arn": "r"}]},
                {"region": "us-east-1", "alias": "bare"},
            ]
        }
    }
    (where,) = tagged.places(terraform)
    assert (where.region, where.role, sorted(where.tags)) == ("eu-west-2", "r", sorted(tagged.TAGS))
    assert tagged.places({}) == []
