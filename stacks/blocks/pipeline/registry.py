"""ECR repository whose tags never move: scanned, encrypted, and tidied up."""

from __future__ import annotations

import json
from typing import Any

from cdktf_cdktf_provider_aws.ecr_lifecycle_policy import EcrLifecyclePolicy
from cdktf_cdktf_provider_aws.ecr_repository import (
    EcrRepository,
    EcrRepositoryEncryptionConfiguration,
    EcrRepositoryImageScanningConfiguration,
)
from constructs import Construct

from stacks.blocks.security.encryption_key import Key


class Registry(Construct):
    """A repository for images or charts. The newest `images_kept` stay; those without a tag go after a week."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, key: Key, images_kept: int = 100, disposable: bool = False
    ) -> None:
        super().__init__(scope, id_)
        self.repository = EcrRepository(
            self,
            "repository",
            name=name,
            image_tag_mutability="IMMUTABLE",
            force_delete=disposable,
            image_scanning_configuration=EcrRepositoryImageScanningConfiguration(scan_on_push=True),
            encryption_configuration=[EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=key.arn)],
        )
        EcrLifecyclePolicy(self, "tidying", repository=self.repository.name, policy=_tidying(images_kept))


def newest_stay(images_kept: int) -> str:
    """Lifecycle policy for copies: untagged ones stay as well, since images are pulled by digest, too."""
    return _lifecycle(_newest(images_kept))


def _tidying(images_kept: int) -> str:
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
    return _lifecycle({"description": "Untagged after a week", "selection": untagged}, _newest(images_kept))


def _newest(images_kept: int) -> dict[str, Any]:
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images_kept}
    return {"description": f"The newest {images_kept} stay", "selection": newest}


def _lifecycle(*rules: dict[str, Any]) -> str:
    numbered = [
        {"rulePriority": priority, **rule, "action": {"type": "expire"}} for priority, rule in enumerate(rules, start=1)
    ]
    return json.dumps({"rules": numbered})
