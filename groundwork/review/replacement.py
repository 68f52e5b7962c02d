"""Which attributes make Terraform replace a resource when they change.

Terraform's schema does not mark the attributes that force a replacement. This table, from the AWS provider's
documentation (5.100), covers resources that hold data or are often renamed. The plan shows the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

_NAMES = ("name", "name_prefix")
_FORCING: dict[str, tuple[str, ...]] = {
    "aws_s3_bucket": ("bucket", "bucket_prefix", "object_lock_enabled"),
    "aws_s3_directory_bucket": ("bucket",),
    "aws_dynamodb_table": ("name", "hash_key", "range_key", "import_table"),
    "aws_db_instance": (
        "db_name", "username", "engine", "storage_encrypted", "kms_key_id", "availability_zone", "character_set_name",
        "timezone", "snapshot_identifier", "nchar_character_set_name",
    ),
    "aws_rds_cluster": (
        "cluster_identifier", "cluster_identifier_prefix", "database_name", "master_username", "engine", "engine_mode",
        "storage_encrypted", "kms_key_id", "availability_zones", "db_subnet_group_name", "snapshot_identifier",
    ),
    "aws_rds_cluster_instance": ("identifier", "cluster_identifier", "engine", "availability_zone"),
    "aws_docdb_cluster": (
        "cluster_identifier", "master_username", "engine", "storage_encrypted", "kms_key_id", "db_subnet_group_name",
        "snapshot_identifier", "availability_zones",
    ),
    "aws_neptune_cluster": ("cluster_identifier", "storage_encrypted", "kms_key_arn", "neptune_subnet_group_name"),
    "aws_redshift_cluster": ("cluster_identifier", "database_name", "master_username", "snapshot_identifier"),
    "aws_elasticache_cluster": ("cluster_id", "engine", "availability_zone", "subnet_group_name", "port"),
    "aws_elasticache_replication_group": (
        "replication_group_id", "at_rest_encryption_enabled", "kms_key_id", "subnet_group_name", "port",
    ),
    "aws_memorydb_cluster": ("name", "name_prefix", "kms_key_arn", "subnet_group_name", "port", "tls_enabled"),
    "aws_opensearch_domain": ("domain_name",),
    "aws_elasticsearch_domain": ("domain_name",),
    "aws_efs_file_system": (
        "creation_token", "encrypted", "kms_key_id", "performance_mode", "availability_zone_name",
    ),
    "aws_ebs_volume": ("availability_zone", "encrypted", "kms_key_id", "snapshot_id"),
    "aws_instance": ("ami", "availability_zone", "subnet_id", "key_name", "private_ip", "ebs_block_device"),
    "aws_backup_vault": ("name", "kms_key_arn"),
    "aws_kms_key": ("customer_master_key_spec", "key_usage", "custom_key_store_id", "multi_region", "xks_key_id"),
    "aws_kms_alias": _NAMES,
    "aws_secretsmanager_secret": _NAMES,
    "aws_ssm_parameter": ("name",),
    "aws_cloudwatch_log_group": (*_NAMES, "log_group_class"),
    "aws_ecr_repository": ("name", "encryption_configuration"),
    "aws_eks_cluster": (
        "name", "role_arn", "kubernetes_network_config.service_ipv4_cidr", "kubernetes_network_config.ip_family",
        "encryption_config", "bootstrap_self_managed_addons",
        "access_config.bootstrap_cluster_creator_admin_permissions",
    ),
    "aws_eks_node_group": (
        "cluster_name", "node_group_name", "node_group_name_prefix", "node_role_arn", "subnet_ids", "ami_type",
        "capacity_type", "disk_size", "instance_types", "launch_template.id", "launch_template.name",
    ),
    "aws_eks_addon": ("cluster_name", "addon_name"),
    "aws_eks_fargate_profile": ("cluster_name", "fargate_profile_name", "pod_execution_role_arn", "selector",
                                "subnet_ids"),
    "aws_eks_access_entry": ("cluster_name", "principal_arn", "type"),
    "aws_eks_pod_identity_association": ("cluster_name", "namespace", "service_account"),
    "aws_sqs_queue": ("name", "name_prefix", "fifo_queue"),
    "aws_sns_topic": ("name", "name_prefix", "fifo_topic"),
    "aws_kinesis_stream": ("name",),
    "aws_msk_cluster": ("cluster_name", "encryption_info.encryption_at_rest_kms_key_arn",
                        "broker_node_group_info.client_subnets"),
    "aws_mq_broker": ("broker_name", "engine_type", "subnet_ids", "deployment_mode", "encryption_options"),
    "aws_cognito_user_pool": ("username_attributes", "alias_attributes", "username_configuration"),
    "aws_route53_zone": ("name", "delegation_set_id"),
    "aws_route53_record": ("zone_id",),
    "aws_vpc": ("cidr_block", "ipv4_ipam_pool_id"),
    "aws_subnet": ("vpc_id", "cidr_block", "availability_zone", "availability_zone_id", "outpost_arn"),
    "aws_security_group": ("name", "name_prefix", "description", "vpc_id"),
    "aws_route": ("route_table_id", "destination_cidr_block", "destination_ipv6_cidr_block"),
    "aws_nat_gateway": ("allocation_id", "subnet_id", "connectivity_type"),
    "aws_vpc_endpoint": ("vpc_id", "service_name", "vpc_endpoint_type"),
    "aws_iam_role": ("name", "name_prefix", "path"),
    "aws_iam_policy": ("name", "name_prefix", "path", "description"),
    "aws_iam_role_policy": ("name", "name_prefix", "role"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user": (),
    "aws_iam_openid_connect_provider": ("url",),
    "aws_lambda_function": ("function_name", "package_type"),
    "aws_lambda_permission": (
        "action", "function_name", "principal", "source_arn", "source_account", "statement_id", "qualifier",
    ),
    "aws_lambda_alias": ("name", "function_name"),
    "aws_api_gateway_rest_api": (),
    "aws_api_gateway_domain_name": ("domain_name",),
    "aws_api_gateway_deployment": ("rest_api_id", "triggers"),
    "aws_api_gateway_stage": ("rest_api_id", "stage_name"),
    "aws_apigatewayv2_api": ("protocol_type",),
    "aws_acm_certificate": ("domain_name", "subject_alternative_names", "validation_method", "key_algorithm"),
    "aws_lb": ("name", "name_prefix", "internal", "load_balancer_type"),
    "aws_launch_template": _NAMES,
    "aws_db_subnet_group": _NAMES,
    "aws_wafv2_web_acl": ("name", "scope"),
    "helm_release": ("name", "namespace"),
}  # fmt: skip
_BUCKET_PARTS = "aws_s3_bucket_"


def forcing(type_: str, changed: Iterable[str]) -> tuple[str, ...]:
    """The changed paths (`rule[0].status`) that make Terraform replace a resource of this type."""
    attributes = _FORCING.get(type_, ())
    if type_.startswith(_BUCKET_PARTS):
        attributes = ("bucket",)
    paths = []
    for path in changed:
        bare = without_indices(path)
        if any(bare == attribute or bare.startswith(f"{attribute}.") for attribute in attributes):
            paths.append(path)
    return tuple(paths)


def without_indices(path: str) -> str:
    """`rule[0].status` → `rule.status`."""
    outside, depth = [], 0
    for character in path:
        depth += character == "["
        if not depth:
            outside.append(character)
        depth -= character == "]"
    return "".join(outside)
