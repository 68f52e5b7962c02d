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
    """A repository for images or charts. What the newest `tags_kept` tags name stays; what has none goes after a week.

    An index is counted once: the images in it have no tag and stay as long as it does (ECR user guide, "Automate the
    cleanup of images by using lifecycle policies": what a manifest list references does not expire before it).
    """

    def __init__(
        self, scope: Construct, id_: str, *, name: str, key: Key, tags_kept: int = 100, disposable: bool = False
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
        EcrLifecyclePolicy(self, "tidying", repository=self.repository.name, policy=_tidying(tags_kept))


def newest_stay(images_kept: int) -> str:
    """Lifecycle policy for copies: untagged ones stay as well, since images are pulled by digest, too."""
    return _lifecycle(_newest(images_kept, {"tagStatus": "any"}))


def _tidying(tags_kept: int) -> str:
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
    return _lifecycle(
        {"description": "Untagged after a week", "selection": untagged},
        _newest(tags_kept, {"tagStatus": "tagged", "tagPatternList": ["*"]}),
    )


def _newest(number: int, which: dict[str, Any]) -> dict[str, Any]:
    newest = {**which, "countType": "imageCountMoreThan", "countNumber": number}
    return {"description": f"The newest {number} stay", "selection": newest}


def _lifecycle(*rules: dict[str, Any]) -> str:
    numbered = [
        {"rulePriority": priority, **rule, "action": {"type": "expire"}} for priority, rule in enumerate(rules, start=1)
    ]
    return json.dumps({"rules": numbered})
