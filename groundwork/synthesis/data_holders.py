"""Resource types whose content cannot be recreated: destroying or replacing one loses data.

The review of a change rates them high, and a plan that destroys one needs to be allowed by name.
"""

from __future__ import annotations

import re
from typing import Final

# Type → what is lost with it. A type whose content the code recreates (a metric filter, a policy) is not listed.
HOLDS: Final = {
    "aws_ami": "an image",
    "aws_api_gateway_api_key": "a key that callers use",
    "aws_athena_workgroup": "its queries",
    "aws_backup_vault": "its backups",
    "aws_cloudtrail_event_data_store": "its events",
    "aws_cloudwatch_log_group": "its logs",
    "aws_codeartifact_repository": "its packages",
    "aws_codecommit_repository": "its history",
    "aws_cognito_identity_pool": "its identities",
    "aws_cognito_user_pool": "its users",
    "aws_db_cluster_snapshot": "a copy of databases",
    "aws_db_instance": "its databases",
    "aws_db_snapshot": "the snapshot",
    "aws_directory_service_directory": "its users",
    "aws_docdb_cluster": "its documents",
    "aws_docdb_cluster_instance": "an instance that serves the documents",
    "aws_docdbelastic_cluster": "its databases",
    "aws_dynamodb_table": "its items",
    "aws_ebs_snapshot": "the snapshot",
    "aws_ebs_volume": "the volume's content",
    "aws_ecr_repository": "its images",
    "aws_ecrpublic_repository": "its images",
    "aws_ecs_cluster": "everything that runs in it",
    "aws_efs_file_system": "its files",
    "aws_eks_cluster": "everything that runs in it",
    "aws_elasticache_cluster": "what it caches, sessions perhaps",
    "aws_elasticache_replication_group": "its entries",
    "aws_elasticache_serverless_cache": "its entries",
    "aws_elasticsearch_domain": "its indices",
    "aws_fsx_lustre_file_system": "its files",
    "aws_fsx_ontap_file_system": "its files",
    "aws_fsx_openzfs_file_system": "its files",
    "aws_fsx_windows_file_system": "its files",
    "aws_glacier_vault": "its archives",
    "aws_glue_catalog_database": "its table definitions",
    "aws_grafana_workspace": "its dashboards",
    "aws_instance": "its disks",
    "aws_keyspaces_table": "its rows",
    "aws_kinesis_stream": "records that nobody has read yet",
    "aws_kms_external_key": "everything encrypted under it",
    "aws_kms_key": "everything encrypted under it",
    "aws_kms_replica_key": "everything encrypted under it in its region",
    "aws_lightsail_database": "its databases",
    "aws_memorydb_cluster": "its entries",
    "aws_mq_broker": "its messages",
    "aws_msk_cluster": "its topics",
    "aws_neptune_cluster": "its graph",
    "aws_opensearch_domain": "its indices",
    "aws_prometheus_workspace": "its metrics",
    "aws_qldb_ledger": "its journal",
    "aws_rds_cluster": "its databases",
    "aws_rds_cluster_instance": "a reader or writer of a cluster",
    "aws_rds_global_cluster": "its databases",
    "aws_redshift_cluster": "its databases",
    "aws_redshiftserverless_namespace": "its databases",
    "aws_route53_zone": "its records, and the name servers that the registrar knows",
    "aws_s3_bucket": "its objects",
    "aws_s3_directory_bucket": "its objects",
    "aws_s3_object": "the object",
    "aws_secretsmanager_secret": "the secret's value",
    "aws_sqs_queue": "messages that nobody has read yet",
    "aws_ssm_parameter": "the parameter's value",
    "aws_timestreamwrite_database": "its series",
    "aws_timestreamwrite_table": "its records",
    "helm_release": "volumes that its chart claims",
    "kubernetes_persistent_volume_claim": "the volume's content",
    "kubernetes_persistent_volume_claim_v1": "the volume's content",
    "mongodbatlas_advanced_cluster": "its documents",
    "mongodbatlas_cluster": "its documents",
}

# Modules with count or for_each carry an index, whose key may hold dots and escaped quotes.
_MODULES = re.compile(r'^(?:module\.[\w-]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?\.)+')


def lost_with(resource_type: str) -> str | None:
    """What is lost with a resource of that type; None where the code recreates all of it."""
    return HOLDS.get(resource_type)


def lost_at(address: str) -> str | None:
    """What is lost with the resource at a Terraform address, which may lie in modules."""
    return lost_with(_MODULES.sub("", address, count=1).partition(".")[0])
