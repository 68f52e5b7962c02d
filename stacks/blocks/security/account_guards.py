"""Settings of a whole account that catch what a single resource forgets: disks, snapshots, passwords, open policies."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.accessanalyzer_analyzer import AccessanalyzerAnalyzer
from cdktf_cdktf_provider_aws.ebs_encryption_by_default import EbsEncryptionByDefault
from cdktf_cdktf_provider_aws.ebs_snapshot_block_public_access import EbsSnapshotBlockPublicAccess
from cdktf_cdktf_provider_aws.guardduty_detector import GuarddutyDetector
from cdktf_cdktf_provider_aws.guardduty_detector_feature import (
    GuarddutyDetectorFeature,
    GuarddutyDetectorFeatureAdditionalConfiguration,
)
from cdktf_cdktf_provider_aws.iam_account_password_policy import IamAccountPasswordPolicy
from constructs import Construct

from stacks.blocks.waivers import waive


class DiskGuard(Construct):
    """Encrypts every new EBS volume of the region and keeps every snapshot from being shared with the world."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.encryption = EbsEncryptionByDefault(self, "encryption", enabled=True)
        self.snapshots = EbsSnapshotBlockPublicAccess(self, "snapshots", state="block-all-sharing")


class PasswordPolicy(Construct):
    """Long passwords, none of the last 24 again, 90 days: CIS AWS Foundations Benchmark 1.8 and 1.9, and checkov's."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.policy = IamAccountPasswordPolicy(
            self,
            "policy",
            minimum_password_length=16,
            require_lowercase_characters=True,
            require_uppercase_characters=True,
            require_numbers=True,
            require_symbols=True,
            password_reuse_prevention=24,
            max_password_age=90,
            allow_users_to_change_password=True,
            # A person whose password has expired sets a new one; a locked-out person needs an administrator.
            hard_expiry=False,
        )


class ThreatDetection(Construct):
    """GuardDuty with the named `features`; findings are published every 15 minutes, the shortest AWS offers."""

    def __init__(self, scope: Construct, id_: str, *, features: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self.detector = GuarddutyDetector(self, "detector", enable=True, finding_publishing_frequency="FIFTEEN_MINUTES")
        waive(
            self.detector,
            "CKV2_AWS_3",
            reason="One account's detector; enrolling accounts belongs to the organisation's delegated administrator.",
        )
        previous: list[GuarddutyDetectorFeature] = []
        for feature in features:
            made = GuarddutyDetectorFeature(
                self,
                feature.lower(),
                detector_id=self.detector.id,
                name=feature,
                status="ENABLED",
                additional_configuration=[
                    GuarddutyDetectorFeatureAdditionalConfiguration(name=name, status="ENABLED")
                    for name in ("EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT")
                ]
                if feature == "RUNTIME_MONITORING"
                else None,
                # All features are one setting of the detector: two changes at once overwrite each other.
                depends_on=previous,
            )
            previous = [made]


class AccessAnalyzer(Construct):
    """Reports every policy of the account that lets somebody from outside in."""

    def __init__(self, scope: Construct, id_: str, *, name: str) -> None:
        super().__init__(scope, id_)
        self.analyzer = AccessanalyzerAnalyzer(self, "analyzer", analyzer_name=name, type="ACCOUNT")
