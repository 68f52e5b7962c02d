"""What the pipeline may read and change of the cache of other registries' images, where an environment has one."""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.pipeline.pipeline_resources import ACTIONS_WITHOUT_RESOURCES
from stacks.values import Names
from stacks.values.image_cache import UPSTREAMS

_SETTINGS_OF_THE_REGISTRY = "rules and templates belong to the account's registry, AWS knows no resource for them"


def image_cache_reads(names: Names) -> list[Statement]:
    """Statements for roles that plan: rules, templates, and that the secrets exist; not what is inside."""
    secrets = _secrets(names)
    return [
        Statement(
            sid="ImageCache",
            actions=["ecr:DescribePullThroughCacheRules", "ecr:DescribeRepositoryCreationTemplates"],
            resources=["*"],
            any_resource_because=ACTIONS_WITHOUT_RESOURCES,
        ),
        *(
            [
                Statement(
                    sid="CredentialsWithoutTheirValues",
                    actions=["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
                    resources=secrets,
                )
            ]
            if secrets
            else []
        ),
    ]


def image_cache_writes(names: Names) -> list[Statement]:
    """Statements for the role that applies.

    Sources: ECR user guide, "IAM permissions for creating repository creation templates"; service authorization
    reference; of a rule with credentials, the `create` permissions of CloudFormation's AWS::ECR::PullThroughCacheRule,
    by which ECR reads the secret as the caller.
    """
    aws = names.aws
    secrets = _secrets(names)
    return [
        Statement(
            sid="ImageCache",
            actions=[
                f"ecr:{verb}{what}"
                for what in ("PullThroughCacheRule", "RepositoryCreationTemplate")
                for verb in ("Create", "Delete", "Update")
            ],
            resources=["*"],
            any_resource_because=_SETTINGS_OF_THE_REGISTRY,
        ),
        Statement(
            sid="WhatTheTemplatesMake",
            actions=["ecr:CreateRepository", "ecr:PutLifecyclePolicy"],
            resources=[aws.arn("ecr", f"repository/{names.prefix}/*")],
        ),
        Statement(
            sid="HandItsRoleToEcr",
            actions=["iam:PassRole"],
            resources=[names.role_arn("image-cache")],
            conditions={"StringEquals": {"iam:PassedToService": "ecr.amazonaws.com"}},
        ),
        Statement(
            sid="RolesOfEcr",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[aws.iam_arn("role/aws-service-role/*")],
            conditions={
                "StringEquals": {"iam:AWSServiceName": ["ecr.amazonaws.com", "pullthroughcache.ecr.amazonaws.com"]}
            },
        ),
        *(
            [Statement(sid="Credentials", actions=["secretsmanager:GetSecretValue"], resources=secrets)]
            if secrets
            else []
        ),
    ]


def _secrets(names: Names) -> list[str]:
    """Secrets Manager ends ARNs with a hyphen and six characters."""
    return [
        names.aws.arn("secretsmanager", f"secret:{names.image_cache_secret(upstream)}-??????")
        for upstream in names.environment.cluster.image_cache
        if UPSTREAMS[upstream].needs_credentials
    ]
