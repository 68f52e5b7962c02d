"""API Gateway's account settings on the embedded AWS."""

from __future__ import annotations

from moto.apigateway.models import Account

from localcloud.aws.services import apigateway_account


def test_the_log_role_is_gone_after_a_reset_without_value() -> None:
    apigateway_account.install()
    account = Account()
    account.apply_patch_operations([{"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::1:role/r"}])
    assert account.to_json()["cloudwatchRoleArn"] == "arn:aws:iam::1:role/r"
    account.apply_patch_operations([{"op": "replace", "path": "/cloudwatchRoleArn"}])
    assert account.to_json()["cloudwatchRoleArn"] is None
