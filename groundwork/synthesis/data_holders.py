"""Resource types whose content cannot be recreated: destroying or replacing one loses data.

Both the review of a change and its plan use this table.
"""

from __future__ import annotations

from typing import Final

# Type → what is lost with it. A type whose content the code recreates (a metric filter, a policy) is not listed.
HOLDS: Final = {
    "aws_backup_vault": "its backups",
    "aws_cloudwatch_log_group": "its logs",
    "aws_cognito_user_pool": "its users",
    "aws_db_instance": "its databases",
    "aws_db_snapshot": "the snapshot",
    "aws_docdb_cluster": "its documents",
    "aws_docdb_cluster_instance": "an instance that serves the documents",
    "aws_dynamodb_table": "its items",
    "aws_ebs_snapshot": "the snapshot",
    "aws_ebs_volume": "the volume's content",
    "aws_ecr_repository": "its images",
    "aws_efs_file_system": "its files",
    "aws_elasticache_replication_group": "its entries",
    "aws_elasticache_serverless_cache": "its entries",
    "aws_fsx_lustre_file_system": "its files",
    "aws_glue_catalog_database": "its table definitions",
    "aws_kinesis_stream": "records that nobody has read yet",
    "aws_kms_key": "everything encrypted under it",
    "aws_kms_replica_key": "everything encrypted under it in its region",
    "aws_memorydb_cluster": "its entries",
    "aws_msk_cluster": "its topics",
    "aws_mq_broker": "its messages",
    "aws_neptune_cluster": "its graph",
    "aws_opensearch_domain": "its indices",
    "aws_rds_cluster": "its databases",
    "aws_redshift_cluster": "its databases",
    "aws_route53_zone": "its records, and the name servers that the registrar knows",
    "aws_s3_bucket": "its objects",
    "aws_s3_object": "the object",
    "aws_secretsmanager_secret": "the secret's value",
    "aws_sqs_queue": "messages that nobody has read yet",
    "aws_ssm_parameter": "the parameter's value",
    "aws_timestreamwrite_table": "its records",
    "kubernetes_persistent_volume_claim": "the volume's content",
    "kubernetes_persistent_volume_claim_v1": "the volume's content",
    "mongodbatlas_cluster": "its documents",
    "mongodbatlas_advanced_cluster": "its documents",
}


def lost_with(resource_type: str) -> str | None:
    """What is lost with a resource of that type; None where the code recreates all of it."""
    return HOLDS.get(resource_type)
