"""Images of other registries, pulled through ECR, which keeps a copy: nodes start without those registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.data_aws_secretsmanager_secret import DataAwsSecretsmanagerSecret
from cdktf_cdktf_provider_aws.ecr_pull_through_cache_rule import EcrPullThroughCacheRule
from cdktf_cdktf_provider_aws.ecr_repository_creation_template import (
    EcrRepositoryCreationTemplate,
    EcrRepositoryCreationTemplateEncryptionConfiguration,
)
from constructs import Construct

from stacks.blocks.iam.policy_document import Principal, Statement
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.pipeline.registry import newest_stay
from stacks.blocks.security.encryption_key import key_grant, make_or_use
from stacks.values import Names
from stacks.values.image_cache import UPSTREAMS, split_image


class ImageCache(Construct):
    """A rule per registry of `cluster.image_cache`, and what the repositories are like that ECR makes by it.

    ECR makes a repository when an image is pulled for the first time: encrypted with `existing_key` or a
    new one, its tags never move, the newest `images_kept` stay, with `tags`. No state knows these repositories.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        existing_key: str | None,
        images_kept: int,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self._names = names
        self.key = make_or_use(
            self,
            "key",
            existing=existing_key,
            aws=names.aws,
            alias=names.alias("image-cache"),
            description=f"Copies of other registries' images of {names.prefix}",
            statements=[
                key_grant(
                    sid="EcrGivesUpGrants", principal=Principal(aws=[names.aws.root]), actions=["kms:RetireGrant"]
                )
            ],
        )
        self.role = ServiceRole(
            self,
            "role",
            name=names.of("image-cache"),
            description=f"ECR makes repositories for copies of images of {names.prefix}",
            service="ecr.amazonaws.com",
            source_account=None,
        )
        permission = self.role.allow("make-repositories", *self._make_repositories())
        for upstream in names.environment.cluster.image_cache:
            self._cache(upstream, images_kept=images_kept, tags=tags, after=[permission])

    def _make_repositories(self) -> Sequence[Statement]:
        """ECR user guide, "Create a custom policy for repository creation templates", without replication."""
        return (
            Statement(
                sid="MakeRepositories",
                actions=["ecr:CreateRepository", "ecr:TagResource"],
                resources=_repositories(self._names),
            ),
            Statement(
                sid="EncryptThem",
                actions=["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
                resources=[self.key.arn],
            ),
        )

    def _cache(
        self, upstream: str, *, images_kept: int, tags: Mapping[str, str], after: Sequence[ITerraformDependable]
    ) -> None:
        registry, prefix = UPSTREAMS[upstream], self._names.image_cache_prefix(upstream)
        template = EcrRepositoryCreationTemplate(
            self,
            f"{registry.folder}_repositories",
            prefix=prefix,
            description=f"Copies of images of {upstream}",
            applied_for=["PULL_THROUGH_CACHE"],
            custom_role_arn=self.role.arn,
            # ECR then no longer follows a tag that upstream moves: what was pulled once stays what it was.
            image_tag_mutability="IMMUTABLE",
            encryption_configuration=[
                EcrRepositoryCreationTemplateEncryptionConfiguration(encryption_type="KMS", kms_key=self.key.arn)
            ],
            lifecycle_policy=newest_stay(images_kept),
            resource_tags=dict(tags),
            depends_on=list(after),
        )
        EcrPullThroughCacheRule(
            self,
            f"{registry.folder}_rule",
            ecr_repository_prefix=prefix,
            upstream_registry_url=registry.url,
            credential_arn=self._credentials(upstream) if registry.needs_credentials else None,
            # A repository of an image that is pulled in between would be without encryption by our key for good.
            depends_on=[template],
        )

    def _credentials(self, upstream: str) -> str:
        """ARN of the secret that the delivery stack made and a person filled; ECR reads it when the rule is made."""
        secret = DataAwsSecretsmanagerSecret(
            self, f"{UPSTREAMS[upstream].folder}_credentials", name=self._names.image_cache_secret(upstream)
        )
        arn: str = secret.arn
        return arn


def import_images(names: Names) -> list[Statement]:
    """What a role needs that pulls: the first pull imports the image, and makes its repository. Empty without a cache.

    Source: service authorization reference, "API operations defined by Amazon Elastic Container Registry",
    BatchGetImage. AmazonEC2ContainerRegistryPullOnly, which nodes have, holds the import alone, Fargate's policy
    nothing of it.
    """
    if not names.environment.cluster.image_cache:
        return []
    return [
        Statement(
            sid="ImportImages",
            actions=["ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:TagResource"],
            resources=_repositories(names),
        )
    ]


def pulled_from(image: str, names: Names) -> str:
    """Where nodes pull `image` (without tag) from: the cache if its registry is cached, otherwise where it is."""
    host, repository = split_image(image)
    if host not in names.environment.cluster.image_cache:
        return image
    registry = f"{names.aws.account}.dkr.{names.aws.endpoint('ecr')}"
    return f"{registry}/{names.image_cache_prefix(host)}/{repository}"


def _repositories(names: Names) -> list[str]:
    return [
        names.aws.arn("ecr", f"repository/{names.image_cache_prefix(upstream)}/*")
        for upstream in names.environment.cluster.image_cache
    ]
