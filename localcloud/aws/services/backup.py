"""AWS Backup: the selections of a plan, a vault's policy and notifications, and tags."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import unquote

from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import Request, Response, Route, json_response, not_found

SERVICE = "backup"
VAULT = "/backup-vaults/(?P<vault>[^/]+)"
SELECTIONS = "/backup/plans/(?P<plan>[^/]+)/selections/?"
SELECTION = "/backup/plans/(?P<plan>[^/]+)/selections/(?P<selection>[^/]+)"


def install() -> None:
    """moto takes the wrong part of the path for the ARN of tags, and keeps a plan that was deleted."""
    from moto.backup.models import BackupBackend
    from moto.backup.responses import BackupResponse

    wrap(BackupResponse, "list_tags", _list_tags)
    wrap(BackupBackend, "delete_backup_plan", _delete_backup_plan)


def _list_tags(_: Method, self: Any) -> str:
    path = unquote(self.path)
    arn = path[path.index("arn:") :].rstrip("/")
    return json.dumps({"Tags": self.backup_backend.list_tags(resource_arn=arn)})


def _delete_backup_plan(original: Method, self: Any, backup_plan_id: str) -> Any:
    answer = original(self, backup_plan_id)
    del self.plans[backup_plan_id]
    return answer


def handle_selections(request: Request) -> Response:
    """CreateBackupSelection and ListBackupSelections."""
    plan = request.group("plan")
    if plan not in _backend(request).plans:
        return not_found(f"Cannot find Backup plan with ID {plan}", 400)
    if request.method == "PUT":
        answer = {"BackupPlanId": plan, "SelectionId": str(uuid.uuid4()), "CreationDate": time.time()}
        selection = request.json()["BackupSelection"]
        request.store[_selection_key(plan, str(answer["SelectionId"]))] = {**answer, "BackupSelection": selection}
        return json_response(answer)
    members = [
        {
            "BackupPlanId": plan,
            "SelectionId": item["SelectionId"],
            "SelectionName": item["BackupSelection"]["SelectionName"],
            "IamRoleArn": item["BackupSelection"]["IamRoleArn"],
            "CreationDate": item["CreationDate"],
        }
        for item in request.items(f"selection/{plan}")
    ]
    return json_response({"BackupSelectionsList": members})


def handle_selection(request: Request) -> Response:
    """GetBackupSelection and DeleteBackupSelection."""
    key = _selection_key(request.group("plan"), request.group("selection"))
    if key not in request.store:
        return not_found(f"Cannot find Backup selection with ID {request.group('selection')}", 400)
    if request.method == "DELETE":
        del request.store[key]
        return json_response({})
    return json_response(request.store[key])


def handle_vault_policy(request: Request) -> Response:
    """PutBackupVaultAccessPolicy, GetBackupVaultAccessPolicy and DeleteBackupVaultAccessPolicy."""
    return _handle_vault_setting(request, "policy", ("Policy",))


def handle_vault_notifications(request: Request) -> Response:
    """PutBackupVaultNotifications, GetBackupVaultNotifications and DeleteBackupVaultNotifications."""
    return _handle_vault_setting(request, "notifications", ("SNSTopicArn", "BackupVaultEvents"))


def list_recovery_points(request: Request) -> Response:
    """ListRecoveryPointsByBackupVault: plans do not run here, so that every vault stays empty."""
    if request.group("vault") not in _backend(request).vaults:
        return not_found(f"Backup vault {request.group('vault')} does not exist", 400)
    return json_response({"RecoveryPoints": []})


def forget_vault(request: Request) -> None:
    """DeleteBackupVault: its settings go with it; moto deletes the vault."""
    for kind in ("policy", "notifications"):
        request.store.pop(f"vault-{kind}/{request.group('vault')}", None)


def _handle_vault_setting(request: Request, kind: str, keys: tuple[str, ...]) -> Response:
    name = request.group("vault")
    vault = _backend(request).vaults.get(name)
    if vault is None:
        return not_found(f"Backup vault {name} does not exist", 400)
    key = f"vault-{kind}/{name}"
    if request.method == "PUT":
        body = request.json()
        request.store[key] = {each: body[each] for each in keys}
        return json_response({})
    if key not in request.store:
        return not_found(f"Backup vault {name} has no {kind}", 400)
    if request.method == "DELETE":
        del request.store[key]
        return json_response({})
    return json_response({"BackupVaultName": name, "BackupVaultArn": vault.backup_vault_arn, **request.store[key]})


def _selection_key(plan: str, selection: str) -> str:
    return f"selection/{plan}/{selection}"


def _backend(request: Request) -> Any:
    from moto.backup.models import backup_backends

    return backup_backends[request.account][request.region]


ROUTES = (
    Route(SERVICE, "*", SELECTIONS, handle_selections),
    Route(SERVICE, "*", SELECTION, handle_selection),
    Route(SERVICE, "*", f"{VAULT}/access-policy", handle_vault_policy),
    Route(SERVICE, "*", f"{VAULT}/notification-configuration", handle_vault_notifications),
    Route(SERVICE, "GET", f"{VAULT}/recovery-points/?", list_recovery_points),
    Route(SERVICE, "DELETE", VAULT, forget_vault),
)
