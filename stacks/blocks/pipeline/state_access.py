"""What the pipeline's roles may do with Terraform's state and its locks."""

from __future__ import annotations

from typing import Literal

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.security.encryption_key import use_by_alias
from stacks.values import Names


def state_access(names: Names, access: Literal["read", "lock", "write"]) -> list[Statement]:
    """Statements for Terraform's state: read it, hold its lock as well, or change it as well."""
    aws, state = names.aws, names.environment.state
    bucket = aws.bucket_arn(names.state_bucket)
    folder = f"{bucket}/{names.environment.name}"
    # A lock object is encrypted with the same key, so a role that holds locks needs data keys even where it only reads.
    use = ["kms:Decrypt", *(["kms:GenerateDataKey"] if access != "read" else [])]
    statements = [
        Statement(sid="StateBucket", actions=["s3:ListBucket"], resources=[bucket]),
        Statement(
            sid="StateObjects",
            actions=["s3:GetObject", *(["s3:PutObject"] if access == "write" else [])],
            resources=[f"{folder}/*.tfstate"],
        ),
        use_by_alias(aws, names.state_key_alias, existing=state.key_arn, sid="StateKey", actions=use),
    ]
    if access != "read" and state.locking in {"lockfile", "both"}:
        statements.append(
            Statement(
                sid="StateLockObject",
                actions=["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                resources=[f"{folder}/*.tfstate.tflock"],
            )
        )
    if state.locking in {"dynamodb", "both"}:
        statements.append(
            Statement(
                sid="StateLockItem",
                # The table holds locks and checksums of states, nothing else. Who reads a state compares its checksum.
                actions=[
                    "dynamodb:GetItem",
                    *(["dynamodb:PutItem", "dynamodb:DeleteItem"] if access != "read" else []),
                ],
                resources=[aws.arn("dynamodb", f"table/{names.lock_table}")],
            )
        )
    return statements
