"""An assumed role may do what its policies and its boundary allow, and gets AWS's refusal for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from groundwork.state import aws_session
from tests.localcloud.core.test_bucket_policy import outcome

ACCOUNT = "000000000000"
HOME = f"eu-west-2:{ACCOUNT}"
Clients = Callable[[str], Any]


def allow(*actions: str, resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


TRUST = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
LAMBDA = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@pytest.fixture
def role(aws: Any) -> Callable[..., Clients]:
    """Makes a role with one policy of these statements, and returns what makes clients of a session of it."""

    def make(*statements: dict[str, Any], boundary: str | None = None, session: str | None = None) -> Clients:
        iam, name = aws.client("iam"), aws.unique("role")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
        if boundary:
            made = iam.create_policy(PolicyName=aws.unique("boundary"), PolicyDocument=boundary)["Policy"]["Arn"]
            iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=made)
        narrowed = {"Policy": session} if session else {}
        keys = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="job", **narrowed)["Credentials"]
        signed_in = aws_session.with_keys(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region="eu-west-2"
        )
        config = Config(retries={"max_attempts": 0})
        return lambda service: signed_in.client(service, endpoint_url=aws.endpoint, config=config)

    return make


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


# Sources: EC2 API reference, "Error codes"; "Common errors" of the IAM, KMS, Lambda and Route 53 API references.
@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "status", "needed"),
    [
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, "UnauthorizedOperation", 403,
         f"ec2:CreateVpc on resource: arn:aws:ec2:{HOME}:vpc/*"),
        ("iam", "get_role", {"RoleName": "other"}, "AccessDenied", 403,
         f"iam:GetRole on resource: arn:aws:iam::{ACCOUNT}:role/other"),
        ("kms", "create_key", {}, "AccessDeniedException", 400, "kms:CreateKey on resource: *"),
        ("dynamodb", "get_item", {"TableName": "t", "Key": {"k": {"S": "x"}}}, "AccessDeniedException", 400,
         f"dynamodb:GetItem on resource: arn:aws:dynamodb:{HOME}:table/t"),
        ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException", 403,
         f"lambda:InvokeFunction on resource: arn:aws:lambda:{HOME}:function:f"),
        ("route53", "get_hosted_zone", {"Id": "Z1"}, "AccessDenied", 403,
         "route53:GetHostedZone on resource: arn:aws:route53:::hostedzone/Z1"),
        ("s3", "get_bucket_logging", {"Bucket": "b"}, "AccessDenied", 403,
         "s3:GetBucketLogging on resource: arn:aws:s3:::b"),
        ("apigatewayv2", "get_api", {"ApiId": "a"}, "AccessDeniedException", 403,
         "apigateway:GET on resource: arn:aws:apigateway:eu-west-2::/apis/a"),
        ("cloudwatch", "describe_alarms", {"AlarmNames": ["a"]}, "AccessDeniedException", 400,
         f"cloudwatch:DescribeAlarms on resource: arn:aws:cloudwatch:{HOME}:alarm:a"),
        ("eks", "create_cluster",
         {"name": "c", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/x", "resourcesVpcConfig": {}}, "AccessDeniedException",
         403, f"eks:CreateCluster on resource: arn:aws:eks:{HOME}:cluster/c"),
        ("sqs", "receive_message", {"QueueUrl": f"http://localhost/{ACCOUNT}/q"}, "AccessDeniedException", 400,
         f"sqs:ReceiveMessage on resource: arn:aws:sqs:{HOME}:q"),
        ("sts", "assume_role", {"RoleArn": "arn:aws:iam::111122223333:role/x", "RoleSessionName": "job"},
         "AccessDenied", 403, "sts:AssumeRole on resource: arn:aws:iam::111122223333:role/x"),
        ("rds", "delete_db_instance", {"DBInstanceIdentifier": "d", "SkipFinalSnapshot": True}, "AccessDenied", 403,
         f"rds:DeleteDBInstance on resource: arn:aws:rds:{HOME}:db:d"),
        ("cloudtrail", "get_trail", {"Name": "t"}, "AccessDeniedException", 400,
         f"cloudtrail:GetTrail on resource: arn:aws:cloudtrail:{HOME}:trail/t"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.islower() else "",
)  # fmt: skip
def test_a_role_without_the_right_gets_the_refusal_of_the_service(
    role: Any, service: str, operation: str, arguments: dict[str, Any], code: str, status: int, needed: str
) -> None:
    answered, answered_status, message = refusal(getattr(role()(service), operation), **arguments)
    assert (answered, answered_status) == (code, status)
    assert f"is not authorized to perform: {needed} because no identity-based policy allows the" in message
    assert f"User: arn:aws:sts::{ACCOUNT}:assumed-role/role-" in message


def test_a_role_that_does_not_exist_is_an_administrator(aws: Any) -> None:
    assert aws.client("ec2", role="nobody-made-it").describe_vpcs()["Vpcs"]


def test_rds_makes_a_managed_password_with_the_callers_right_to_secrets(role: Any) -> None:
    """RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager", permissions required."""
    rds = role(allow("rds:*"))("rds")
    database = {"DBInstanceIdentifier": "d", "DBInstanceClass": "db.t4g.micro", "Engine": "postgres"}
    managed = {"MasterUsername": "a", "ManageMasterUserPassword": True, "AllocatedStorage": 20}
    _, _, message = refusal(rds.create_db_instance, **database, **managed)
    assert f"secretsmanager:CreateSecret on resource: arn:aws:secretsmanager:{HOME}:secret:rds!db-*" in message


def test_what_a_policy_allows_is_done(role: Any) -> None:
    clients = role(allow("ec2:DescribeVpcs"))
    assert clients("ec2").describe_vpcs()["Vpcs"]
    assert clients("sts").get_caller_identity()["Account"] == ACCOUNT


def test_an_explicit_deny_wins_and_says_so(role: Any) -> None:
    clients = role(allow("ec2:Describe*"), {"Effect": "Deny", "Action": "ec2:DescribeVpcs", "Resource": "*"})
    assert clients("ec2").describe_subnets()
    _, _, message = refusal(clients("ec2").describe_vpcs)
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_a_boundary_caps_what_policies_allow(role: Any) -> None:
    clients = role(allow("ec2:Describe*", "iam:ListRoles"), boundary=document(allow("ec2:DescribeVpcs")))
    assert clients("ec2").describe_vpcs()
    _, _, message = refusal(clients("ec2").describe_subnets)
    assert message.endswith("because no permissions boundary allows the ec2:DescribeSubnets action")


def test_a_sessions_own_policy_caps_it_too(role: Any) -> None:
    clients = role(allow("ec2:Describe*"), session=document(allow("ec2:DescribeVpcs")))
    assert clients("ec2").describe_vpcs()
    assert "no session policy allows" in refusal(clients("ec2").describe_subnets)[2]


def test_what_is_made_with_tags_needs_the_right_to_tag_it(role: Any) -> None:
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "environment", "Value": "dev"}]}]
    assert role(allow("ec2:CreateVpc"))("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    _, _, message = refusal(
        role(allow("ec2:CreateVpc"))("ec2").create_vpc, CidrBlock="10.0.0.0/16", TagSpecifications=tags
    )
    assert "ec2:CreateTags on resource: arn:aws:ec2:eu-west-2:000000000000:vpc/*" in message


def test_a_queue_with_tags_needs_the_right_to_tag_it(role: Any, aws: Any) -> None:
    """SQS API reference, CreateQueue: tags need sqs:CreateQueue and sqs:TagQueue."""
    name = aws.unique("queue")
    queue = f"arn:aws:sqs:{HOME}:{name}"
    only_create = role(allow("sqs:CreateQueue", resource=queue))
    _, _, message = refusal(only_create("sqs").create_queue, QueueName=name, tags={"environment": "dev"})
    assert f"sqs:TagQueue on resource: {queue}" in message
    both = role(allow("sqs:CreateQueue", "sqs:TagQueue", resource=queue))
    assert both("sqs").create_queue(QueueName=name, tags={"environment": "dev"})["QueueUrl"].endswith(f"/{name}")


def test_tags_of_a_rule_are_the_rules_and_not_its_buss(role: Any, aws: Any) -> None:
    """EventBridge API reference, PutRule: who tags a rule needs events:TagResource, and the rule is what is made."""
    name = aws.unique("rule")
    rule = {"Name": name, "EventBusName": "default", "EventPattern": '{"source": ["x"]}'}
    tagged = {**rule, "Tags": [{"Key": "environment", "Value": "dev"}]}
    only_put = role(allow("events:PutRule", resource=f"arn:aws:events:{HOME}:rule/{name}"))
    _, _, message = refusal(only_put("events").put_rule, **tagged)
    assert f"events:TagResource on resource: arn:aws:events:{HOME}:rule/{name}" in message
    both = role(allow("events:PutRule", "events:TagResource", resource=f"arn:aws:events:{HOME}:rule/{name}"))
    assert both("events").put_rule(**tagged)["RuleArn"].endswith(f":rule/{name}")


def test_conditions_compare_tags_of_the_request_and_of_the_resource(role: Any, aws: Any) -> None:
    def tag(value: str) -> list[dict[str, Any]]:
        return [{"ResourceType": "vpc", "Tags": [{"Key": "environment", "Value": value}]}]

    ours = {"StringEquals": {"aws:ResourceTag/environment": "dev"}}
    requested = {"StringEquals": {"aws:RequestTag/environment": "dev"}}
    clients = role(
        allow("ec2:CreateVpc"), allow("ec2:CreateTags", Condition=requested), allow("ec2:DeleteVpc", Condition=ours)
    )
    make = clients("ec2").create_vpc
    assert outcome(make, CidrBlock="10.0.0.0/16", TagSpecifications=tag("prod")) == "UnauthorizedOperation"
    mine = make(CidrBlock="10.0.0.0/16", TagSpecifications=tag("dev"))["Vpc"]["VpcId"]
    others = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tag("prod"))["Vpc"]["VpcId"]
    assert outcome(clients("ec2").delete_vpc, VpcId=others) == "UnauthorizedOperation"
    assert outcome(clients("ec2").delete_vpc, VpcId=mine) == "ok"


def test_an_association_counts_as_what_it_is_of(role: Any, aws: Any) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    made = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    arns = [f"arn:aws:ec2:{HOME}:{name}" for name in (f"route-table/{table}", f"subnet/{subnet}")]
    part, both = (role(allow("ec2:DisassociateRouteTable", resource=each))("ec2") for each in (arns[0], arns))
    assert f"on resource: {arns[1]}" in refusal(part.disassociate_route_table, AssociationId=made)[2]
    assert outcome(both.disassociate_route_table, AssociationId=made) == "ok"


def test_a_role_is_handed_to_a_service_only_by_who_may_pass_it(role: Any, aws: Any) -> None:
    made = aws.client("iam").create_role(RoleName=aws.unique("execution"), AssumeRolePolicyDocument=LAMBDA)["Role"]
    function = {"FunctionName": "f", "Runtime": "python3.12", "Handler": "a.b", "Code": {"ZipFile": b"x"}}
    pass_to = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    for rights in (
        [allow("lambda:CreateFunction")],
        [allow("lambda:CreateFunction"), allow("iam:PassRole", Condition=pass_to)],
    ):
        _, _, message = refusal(role(*rights)("lambda").create_function, Role=made["Arn"], **function)
        assert f"iam:PassRole on resource: {made['Arn']}" in message


def test_a_service_uses_a_key_with_the_callers_rights(role: Any, aws: Any) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    table = {
        "TableName": aws.unique("table"),
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    }
    via = {"StringEquals": {"kms:ViaService": "dynamodb.eu-west-2.amazonaws.com"}}
    use = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey")
    assert "kms:CreateGrant" in refusal(role(allow("dynamodb:CreateTable"))("dynamodb").create_table, **table)[2]
    assert role(allow("dynamodb:CreateTable"), allow(*use, Condition=via))("dynamodb").create_table(**table)


@pytest.mark.parametrize(("trusted", "expected"), [("job", "ok"), ("somebody-else", "AccessDenied")])
def test_a_role_takes_another_only_where_that_trusts_it(role: Any, aws: Any, trusted: str, expected: str) -> None:
    clients = role(allow("sts:AssumeRole"))
    own = clients("sts").get_caller_identity()["Arn"].split("/")[1] if trusted == "job" else trusted
    condition = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{own}"}}
    trust = document(
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole", "Condition": condition}
    )
    target = aws.client("iam").create_role(RoleName=aws.unique("target"), AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert outcome(clients("sts").assume_role, RoleArn=target, RoleSessionName="job") == expected


def test_a_key_is_used_by_its_alias_and_named_by_its_arn(role: Any, aws: Any) -> None:
    kms, alias = aws.client("kms"), f"alias/{aws.unique('key')}"
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    named = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    clients = role(allow("kms:Encrypt", "kms:Decrypt", resource=f"arn:aws:kms:{HOME}:key/*", Condition=named))
    sealed = clients("kms").encrypt(KeyId=alias, Plaintext=b"x")["CiphertextBlob"]
    assert clients("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    other = kms.encrypt(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert outcome(clients("kms").decrypt, CiphertextBlob=other) == "AccessDeniedException"


def test_a_buckets_policy_lets_a_role_in_by_name_and_an_account_by_iam(role: Any, aws: Any) -> None:
    s3, bucket = aws.client("s3"), aws.unique("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    clients = role()
    identity = clients("sts").get_caller_identity()["Arn"]
    arn = f"arn:aws:iam::{ACCOUNT}:role/{identity.split('/')[1]}"
    for principal, expected in ((ACCOUNT, "AccessDenied"), (arn, "ok")):
        statement = allow("s3:ListBucket", resource=f"arn:aws:s3:::{bucket}", Principal={"AWS": principal})
        s3.put_bucket_policy(Bucket=bucket, Policy=document(statement))
        assert outcome(clients("s3").list_objects_v2, Bucket=bucket) == expected


def test_objects_of_a_bucket_with_a_key_need_the_key_too(role: Any, aws: Any) -> None:
    s3, bucket = aws.client("s3"), aws.unique("bucket")
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    write = allow("s3:PutObject", "s3:GetObject")
    via = {"StringEquals": {"kms:ViaService": "s3.eu-west-2.amazonaws.com"}}
    assert outcome(role(write)("s3").put_object, Bucket=bucket, Key="k", Body=b"x") == "AccessDenied"
    writer = role(write, allow("kms:GenerateDataKey", resource=key, Condition=via))
    assert outcome(writer("s3").put_object, Bucket=bucket, Key="k", Body=b"x") == "ok"
    assert outcome(writer("s3").get_object, Bucket=bucket, Key="k") == "AccessDenied"


def test_each_object_of_a_deletion_of_several_is_decided_on_its_own(role: Any, aws: Any) -> None:
    s3, bucket = aws.client("s3"), aws.unique("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    clients = role(allow("s3:DeleteObject", resource=f"arn:aws:s3:::{bucket}/mine/*"))

    def delete(*keys: str) -> str:
        return outcome(clients("s3").delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})

    assert delete("mine/1") == "ok"
    assert delete("mine/1", "others/1") == "AccessDenied"


def test_an_operation_that_nobody_can_place_is_refused(role: Any) -> None:
    """What is not evaluated must not look allowed."""
    code, _, message = refusal(role(allow("iam:*"))("iam").get_account_properties)
    assert code == "AccessDenied"
    assert "the embedded AWS cannot tell" in message
