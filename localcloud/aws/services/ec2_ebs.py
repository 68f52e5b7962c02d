"""EBS settings of an account: the default key and the block on public snapshots."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import add

UNBLOCKED = "unblocked"


def install() -> None:
    """Actions that moto lacks; their values live on moto's EC2 backend and are saved with it."""
    from moto.ec2.responses import EC2Response

    add(
        EC2Response,
        get_ebs_default_kms_key_id,
        reset_ebs_default_kms_key_id,
        enable_snapshot_block_public_access,
        disable_snapshot_block_public_access,
        get_snapshot_block_public_access_state,
    )


def get_ebs_default_kms_key_id(self: Any) -> Any:
    """GetEbsDefaultKmsKeyId: the key set before, or the alias AWS manages."""
    return _result({"KmsKeyId": self.ec2_backend.default_kms_key_id or _aws_managed(self)})


def reset_ebs_default_kms_key_id(self: Any) -> Any:
    """ResetEbsDefaultKmsKeyId: back to the alias AWS manages."""
    self.ec2_backend.default_kms_key_id = ""
    return _result({"KmsKeyId": _aws_managed(self)})


def enable_snapshot_block_public_access(self: Any) -> Any:
    """EnableSnapshotBlockPublicAccess."""
    self.ec2_backend.snapshot_block_public_access = self._get_param("State")
    return get_snapshot_block_public_access_state(self)


def disable_snapshot_block_public_access(self: Any) -> Any:
    """DisableSnapshotBlockPublicAccess."""
    self.ec2_backend.snapshot_block_public_access = UNBLOCKED
    return get_snapshot_block_public_access_state(self)


def get_snapshot_block_public_access_state(self: Any) -> Any:
    """GetSnapshotBlockPublicAccessState."""
    return _result({"State": getattr(self.ec2_backend, "snapshot_block_public_access", UNBLOCKED)})


def _aws_managed(response: Any) -> str:
    return f"arn:aws:kms:{response.region}:{response.current_account}:alias/aws/ebs"


def _result(values: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(values)
