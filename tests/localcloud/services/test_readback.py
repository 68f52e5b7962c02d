"""What one call set, the next one reads: the parts of AWS's answers that Terraform compares, without Terraform."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509

from localcloud.cloud import LocalCloud

REGION = "eu-west-1"
ROLE = "arn:aws:iam::000000000000:role/contract"
Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"), Path(sys.executable))
    endpoint = cloud.up(port=0).endpoint
    session = boto3.Session(cloud.keys.access_key, cloud.keys.secret, region_name=REGION)
    clients: dict[str, Any] = {}

    def make(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(
                service, endpoint_url=endpoint, config=Config(retries={"max_attempts": 0})
            )
        return clients[service]

    yield make
    cloud.down()


@pytest.fixture(scope="module")
def cluster(client: Client) -> str:
    subnets = [each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"]][:2]
    client("eks").create_cluster(
        name="readback",
        roleArn=ROLE,
        version="1.32",
        resourcesVpcConfig={"subnetIds": subnets, "endpointPrivateAccess": True, "endpointPublicAccess": False},
        accessConfig={"authenticationMode": "API"},
    )
    return "readback"


def test_a_cluster_has_an_authority_that_is_a_certificate(client: Client, cluster: str) -> None:
    described = client("eks").describe_cluster(name=cluster)["cluster"]

    certificate = x509.load_pem_x509_certificate(base64.b64decode(described["certificateAuthority"]["data"]))
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_each_cluster_has_an_oidc_issuer_of_its_own(client: Client, cluster: str) -> None:
    subnets = client("eks").describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]["subnetIds"]
    client("eks").create_cluster(name="other", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets})

    issuers = {
        client("eks").describe_cluster(name=name)["cluster"]["identity"]["oidc"]["issuer"]
        for name in (cluster, "other")
    }
    assert len(issuers) == 2


def test_the_security_group_of_a_cluster_exists_and_goes_with_it(client: Client, cluster: str) -> None:
    subnets = client("eks").describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]["subnetIds"]
    answer = client("eks").create_cluster(name="brief", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets})
    group = answer["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]

    client("eks").delete_cluster(name="brief")
    with pytest.raises(ClientError) as refused:
        client("ec2").describe_security_groups(GroupIds=[group])
    assert refused.value.response["Error"]["Code"] == "InvalidGroup.NotFound"


def test_an_upgrade_of_a_cluster_is_an_update_that_ends(client: Client, cluster: str) -> None:
    update = client("eks").update_cluster_version(name=cluster, version="1.33")["update"]

    assert client("eks").describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "Successful"
    assert client("eks").describe_cluster(name=cluster)["cluster"]["version"] == "1.33"


def test_changing_one_setting_of_a_cluster_keeps_the_others(client: Client, cluster: str) -> None:
    client("eks").update_cluster_config(name=cluster, resourcesVpcConfig={"endpointPublicAccess": True})

    config = client("eks").describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    assert config["endpointPublicAccess"]
    assert config["endpointPrivateAccess"]
    assert config["subnetIds"]


def test_an_add_on_owns_its_pod_identity_associations(client: Client, cluster: str) -> None:
    eks = client("eks")
    eks.create_addon(
        clusterName=cluster,
        addonName="vpc-cni",
        podIdentityAssociations=[{"serviceAccount": "aws-node", "roleArn": ROLE}],
    )
    (association,) = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    assert association["ownerArn"] == eks.describe_addon(clusterName=cluster, addonName="vpc-cni")["addon"]["addonArn"]

    eks.delete_addon(clusterName=cluster, addonName="vpc-cni")
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []


def test_an_add_on_version_that_does_not_exist_is_refused(client: Client, cluster: str) -> None:
    with pytest.raises(ClientError) as refused:
        client("eks").create_addon(clusterName=cluster, addonName="coredns", addonVersion="latest")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_an_access_entry_has_policies_that_go_with_it(client: Client, cluster: str) -> None:
    eks = client("eks")
    eks.create_access_entry(clusterName=cluster, principalArn=ROLE)
    eks.associate_access_policy(
        clusterName=cluster,
        principalArn=ROLE,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope={"type": "cluster"},
    )
    entry = eks.describe_access_entry(clusterName=cluster, principalArn=ROLE)["accessEntry"]
    assert entry["username"] == "arn:aws:sts::000000000000:assumed-role/contract/{{SessionName}}"
    assert (
        len(eks.list_associated_access_policies(clusterName=cluster, principalArn=ROLE)["associatedAccessPolicies"])
        == 1
    )

    eks.delete_access_entry(clusterName=cluster, principalArn=ROLE)
    with pytest.raises(ClientError) as refused:
        eks.list_associated_access_policies(clusterName=cluster, principalArn=ROLE)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_cluster_that_reads_its_config_map_takes_no_access_entries(client: Client, cluster: str) -> None:
    subnets = client("eks").describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]["subnetIds"]
    client("eks").create_cluster(name="old-style", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets})

    with pytest.raises(ClientError) as refused:
        client("eks").create_access_entry(clusterName="old-style", principalArn=ROLE)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_a_queue_keeps_its_policy_when_something_else_changes(client: Client) -> None:
    sqs = client("sqs")
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}]})
    url = sqs.create_queue(QueueName="readback", Attributes={"Policy": policy})["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})

    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["Policy"] == policy
    assert attributes["VisibilityTimeout"] == "60"
    assert "RedriveAllowPolicy" not in attributes


def test_database_instances_have_resource_ids_of_their_own(client: Client) -> None:
    rds = client("rds")
    for name in ("one", "two"):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="postgres",
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            MasterUsername="ledger",
            MasterUserPassword="only-in-this-test",
            CACertificateIdentifier="rds-ca-rsa4096-g1",
            EnablePerformanceInsights=True,
        )
    instances = rds.describe_db_instances()["DBInstances"]
    assert len({each["DbiResourceId"] for each in instances}) == 2
    assert {each["CACertificateIdentifier"] for each in instances} == {"rds-ca-rsa4096-g1"}
    assert {each["PerformanceInsightsRetentionPeriod"] for each in instances} == {7}


def test_the_image_of_a_node_differs_by_kubernetes_version(client: Client) -> None:
    names = [
        f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/x86_64/standard/recommended/image_id"
        for version in ("1.32", "1.33")
    ]
    images = {client("ssm").get_parameter(Name=name)["Parameter"]["Value"] for name in names}
    assert len(images) == 2
    assert all(image.startswith("ami-") and len(image) == len("ami-") + 17 for image in images)


def test_an_unknown_public_parameter_is_still_unknown(client: Client) -> None:
    with pytest.raises(ClientError) as refused:
        client("ssm").get_parameter(Name="/aws/service/eks/optimized-ami/1.33/windows/recommended/image_id")
    assert refused.value.response["Error"]["Code"] == "ParameterNotFound"


def test_deleted_gateways_and_endpoints_no_longer_exist(client: Client) -> None:
    ec2 = client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    before = len(ec2.describe_network_interfaces()["NetworkInterfaces"])
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], AllocationId=address)["NatGateway"]["NatGatewayId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=subnet["VpcId"],
        ServiceName=f"com.amazonaws.{REGION}.sts",
        VpcEndpointType="Interface",
        SubnetIds=[subnet["SubnetId"]],
    )["VpcEndpoint"]["VpcEndpointId"]

    ec2.delete_nat_gateway(NatGatewayId=gateway)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert ec2.describe_nat_gateways()["NatGateways"] == []
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == before


def test_a_state_machine_with_an_unknown_next_state_is_refused(client: Client) -> None:
    machine = {"StartAt": "First", "States": {"First": {"Type": "Pass", "Next": "Second"}}}
    checked = client("stepfunctions").validate_state_machine_definition(definition=json.dumps(machine))

    assert checked["result"] == "FAIL"
    assert [each["message"] for each in checked["diagnostics"]] == ["First.Next names 'Second', which is not a state"]


def test_a_budget_answers_its_subscribers(client: Client) -> None:
    budgets = client("budgets")
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    subscriber = {"SubscriptionType": "EMAIL", "Address": "costs@example.com"}
    budgets.create_budget(
        AccountId="000000000000",
        Budget={
            "BudgetName": "readback",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "10", "Unit": "USD"},
        },
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": [subscriber]}],
    )
    budget = {"AccountId": "000000000000", "BudgetName": "readback"}
    answer = budgets.describe_subscribers_for_notification(**budget, Notification=notification)
    assert answer["Subscribers"] == [subscriber]

    budgets.delete_notification(**budget, Notification=notification)
    assert budgets.describe_notifications_for_budget(**budget)["Notifications"] == []


def test_the_log_role_of_api_gateway_is_gone_after_a_reset_without_value(client: Client) -> None:
    gateway = client("apigateway")
    operation = {"op": "replace", "path": "/cloudwatchRoleArn"}
    gateway.update_account(patchOperations=[{**operation, "value": ROLE}])
    assert gateway.get_account()["cloudwatchRoleArn"] == ROLE
    gateway.update_account(patchOperations=[operation])
    assert "cloudwatchRoleArn" not in gateway.get_account()


def test_guardduty_features_are_changed_one_by_one(client: Client) -> None:
    guardduty = client("guardduty")
    detector = guardduty.create_detector(Enable=True)["DetectorId"]
    for name in ("S3_DATA_EVENTS", "EKS_AUDIT_LOGS"):
        guardduty.update_detector(DetectorId=detector, Features=[{"Name": name, "Status": "ENABLED"}])

    names = {each["Name"] for each in guardduty.get_detector(DetectorId=detector)["Features"]}
    assert names == {"S3_DATA_EVENTS", "EKS_AUDIT_LOGS"}


def test_a_code_signing_configuration_exists_until_it_is_deleted(client: Client) -> None:
    aws_lambda = client("lambda")
    arn = aws_lambda.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": ["arn:aws:signer:eu-west-1:000000000000:/signing-profiles/p/v"]}
    )["CodeSigningConfig"]["CodeSigningConfigArn"]
    config = aws_lambda.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}

    aws_lambda.delete_code_signing_config(CodeSigningConfigArn=arn)
    with pytest.raises(aws_lambda.exceptions.ResourceNotFoundException):
        aws_lambda.get_code_signing_config(CodeSigningConfigArn=arn)


def test_objects_that_a_replication_rule_covers_are_copied(client: Client) -> None:
    s3 = client("s3")
    for bucket in ("replicated-source", "replicated-copy"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "states",
        "Priority": 0,
        "Status": "Enabled",
        "Filter": {"Prefix": "states/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {
            "Bucket": "arn:aws:s3:::replicated-copy",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": f"arn:aws:kms:{REGION}:000000000000:key/1"},
        },
    }
    configuration = {"Role": ROLE, "Rules": [rule]}
    s3.put_bucket_replication(Bucket="replicated-source", ReplicationConfiguration=configuration)
    assert s3.get_bucket_replication(Bucket="replicated-source")["ReplicationConfiguration"] == configuration

    for text in (b"first", b"second"):
        s3.put_object(Bucket="replicated-source", Key="states/one", Body=text)
    s3.put_object(Bucket="replicated-source", Key="other", Body=b"not covered")
    versions = s3.list_object_versions(Bucket="replicated-copy")["Versions"]
    assert [each["Key"] for each in versions] == ["states/one", "states/one"]
    copy = s3.head_object(Bucket="replicated-copy", Key="states/one")
    assert copy["SSEKMSKeyId"].startswith("arn:aws:kms:")

    newest = s3.head_object(Bucket="replicated-source", Key="states/one")["VersionId"]
    s3.delete_object(Bucket="replicated-source", Key="states/one", VersionId=newest)
    s3.delete_object(Bucket="replicated-source", Key="states/one")
    replica = s3.list_object_versions(Bucket="replicated-copy")
    assert len(replica["Versions"]) == 2, "what is removed for good in one bucket stays in the other"
    assert len(replica["DeleteMarkers"]) == 1

    s3.delete_bucket_replication(Bucket="replicated-source")
    with pytest.raises(ClientError, match="ReplicationConfigurationNotFound"):
        s3.get_bucket_replication(Bucket="replicated-source")


def test_a_cache_rule_needs_credentials_that_ecr_can_read(client: Client) -> None:
    """Errors of CreatePullThroughCacheRule: ECR reads the secret at once, with AWS's own key only."""
    ecr, secrets = client("ecr"), client("secretsmanager")
    rule = {"ecrRepositoryPrefix": "readback/ghcr", "upstreamRegistryUrl": "ghcr.io"}

    def create(arn: str) -> Any:
        return ecr.create_pull_through_cache_rule(**rule, credentialArn=arn)

    name = "ecr-pullthroughcache/readback"
    with pytest.raises(ClientError, match="SecretNotFoundException"):
        create(f"arn:aws:secretsmanager:{REGION}:000000000000:secret:{name}")
    arn = secrets.create_secret(Name=name)["ARN"]
    with pytest.raises(ClientError, match="UnableToAccessSecretException"):
        create(arn)
    secrets.put_secret_value(SecretId=name, SecretString='{"username": "robot", "accessToken": "a"}')
    create(arn)
    with pytest.raises(ClientError, match="PullThroughCacheRuleAlreadyExistsException"):
        create(arn)
    (described,) = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert described["credentialArn"] == arn

    encrypted = secrets.create_secret(Name=f"{name}-2", SecretString="{}", KmsKeyId=f"arn:aws:kms:{REGION}:1:key/1")
    with pytest.raises(ClientError, match="UnableToDecryptSecretValueException"):
        ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="readback/ghcr", credentialArn=encrypted["ARN"])
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="readback/ghcr")
    with pytest.raises(ClientError, match="PullThroughCacheRuleNotFoundException"):
        ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["readback/ghcr"])


def test_a_creation_template_with_a_key_or_tags_needs_a_role(client: Client) -> None:
    """ECR user guide, "Creating a repository creation template"."""
    ecr = client("ecr")
    template: dict[str, Any] = {"prefix": "readback/public", "appliedFor": ["PULL_THROUGH_CACHE"]}
    for setting in (
        {"encryptionConfiguration": {"encryptionType": "KMS"}},
        {"resourceTags": [{"Key": "environment", "Value": "contract"}]},
    ):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            ecr.create_repository_creation_template(**template, **setting)
    ecr.create_repository_creation_template(**template, customRoleArn=ROLE)
    ecr.update_repository_creation_template(prefix="readback/public", imageTagMutability="IMMUTABLE")
    (described,) = ecr.describe_repository_creation_templates(prefixes=["readback/public"])[
        "repositoryCreationTemplates"
    ]
    assert (described["imageTagMutability"], described["customRoleArn"]) == ("IMMUTABLE", ROLE)
    ecr.delete_repository_creation_template(prefix="readback/public")
    assert ecr.describe_repository_creation_templates(prefixes=["readback/public"])["repositoryCreationTemplates"] == []


def test_the_tags_of_a_detector_change(client: Client) -> None:
    guardduty = client("guardduty")
    detector = guardduty.create_detector(Enable=True, Tags={"team": "a", "project": "p"})["DetectorId"]
    arn = f"arn:aws:guardduty:{REGION}:000000000000:detector/{detector}"
    guardduty.tag_resource(ResourceArn=arn, Tags={"team": "b"})
    guardduty.untag_resource(ResourceArn=arn, TagKeys=["project"])
    assert guardduty.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "b"}
    assert guardduty.get_detector(DetectorId=detector)["Tags"] == {"team": "b"}
