"""AWS Backup: what a plan takes in, a vault's policy and notifications, and tags."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from localcloud.aws.patching import wrap
from localcloud.aws.routing import Request, Response, Route, json_error, json_response

SERVICE = "backup"
VAULT = "/backup-vaults/(?P<vault>[^/]+)"
SELECTIONS = "/backup/plans/(?P<plan>[^/]+)/selections/?"
SELECTION = "/backup/plans/(?P<plan>[^/]+)/selections/(?P<selection>[^/]+)"


def install() -> None:
    """moto takes the wrong part of the path for the ARN of tags, and keeps a plan that was deleted."""
    from moto.backup.models import BackupBackend
    from moto.backup.responses import BackupResponse

    wrap(BackupResponse, "list_tags", _list_tags)
    wrap(BackupBackend, "delete_backup_plan", _delete_plan)


def _delete_plan(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_backup_plan(self: Any, backup_plan_id: str) -> Any:
        answer = original(self, backup_plan_id)
        del self.plans[backup_plan_id]
        return answer

    return delete_backup_plan


def _list_tags(_original: Callable[..., Any]) -> Callable[..., Any]:
    def list_tags(self: Any) -> str:
        path = unquote(self.path)
        arn = path[path.index("arn:") :].rstrip("/")
        return json.dumps({"Tags": self.backup_backend.list_tags(resource_arn=arn)})

    return list_tags


# ── selections ─────────────────────────────────────────────────────────────────────────────────────


def selections(request: Request) -> Response:
    """CreateBackupSelection and ListBackupSelections."""
    plan = request.group("plan")
    if plan not in _moto(request).plans:
        return _missing(f"Cannot find Backup plan with ID {plan}")
    prefix = f"selection/{plan}/"
    if request.method == "PUT":
        identifier = str(uuid.uuid4())
        selection = {
            "BackupPlanId": plan,
            "SelectionId": identifier,
            "CreationDate": time.time(),
            "BackupSelection": request.json()["BackupSelection"],
        }
        request.store[prefix + identifier] = selection
        return json_response({key: selection[key] for key in ("BackupPlanId", "SelectionId", "CreationDate")})
    found = [each for key, each in request.store.items() if key.startswith(prefix)]
    return json_response(
        {
            "BackupSelectionsList": [
                {
                    "BackupPlanId": plan,
                    "SelectionId": each["SelectionId"],
                    "SelectionName": each["BackupSelection"]["SelectionName"],
                    "IamRoleArn": each["BackupSelection"]["IamRoleArn"],
                    "CreationDate": each["CreationDate"],
                }
                for each in found
            ]
        }
    )


def selection(request: Request) -> Response:
    """GetBackupSelection and DeleteBackupSelection."""
    key = f"selection/{request.group('plan')}/{request.group('selection')}"
    found = request.store.get(key)
    if found is None:
        return _missing(f"Cannot find Backup selection with ID {request.group('selection')}")
    if request.method == "DELETE":
        del request.store[key]
        return json_response({})
    return json_response(found)


# ── vaults ─────────────────────────────────────────────────────────────────────────────────────────


def vault_policy(request: Request) -> Response:
    """PutBackupVaultAccessPolicy, GetBackupVaultAccessPolicy and DeleteBackupVaultAccessPolicy."""
    return _vault_setting(request, "policy", ("Policy",))


def vault_notifications(request: Request) -> Response:
    """PutBackupVaultNotifications, GetBackupVaultNotifications and DeleteBackupVaultNotifications."""
    return _vault_setting(request, "notifications", ("SNSTopicArn", "BackupVaultEvents"))


def forget_vault(request: Request) -> Response | None:
    """DeleteBackupVault: what was set on the vault goes with it; the vault itself is moto's."""
    for kind in ("policy", "notifications"):
        request.store.pop(f"vault-{kind}/{request.group('vault')}", None)
    return None


def _vault_setting(request: Request, kind: str, keys: tuple[str, ...]) -> Response:
    name = request.group("vault")
    vault = _moto(request).vaults.get(name)
    if vault is None:
        return _missing(f"Backup vault {name} does not exist")
    key = f"vault-{kind}/{name}"
    if request.method == "PUT":
        request.store[key] = {each: request.json()[each] for each in keys}
        return json_response({})
    if key not in request.store:
        return _missing(f"Backup vault {name} has no {kind}")
    if request.method == "DELETE":
        del request.store[key]
        return json_response({})
    return json_response(
        {"BackupVaultName": name, "BackupVaultArn": vault.backup_vault_arn, **request.store[key]},
    )


def _moto(request: Request) -> Any:
    from moto.backup.models import backup_backends

    return backup_backends[request.account][request.region]


def _missing(message: str) -> Response:
    return json_error("ResourceNotFoundException", message, 400)


ROUTES = (
    Route(SERVICE, "*", SELECTIONS, selections),
    Route(SERVICE, "*", SELECTION, selection),
    Route(SERVICE, "*", f"{VAULT}/access-policy", vault_policy),
    Route(SERVICE, "*", f"{VAULT}/notification-configuration", vault_notifications),
    Route(SERVICE, "DELETE", VAULT, forget_vault),
)
