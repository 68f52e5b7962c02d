"""The chart's values for the secrets of a service: one source, and never a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stacks.blocks.errors import IllegalComposition
from stacks.values import Names
from stacks.values.secret_sources import ExternalSecrets, Vault, VaultPath
from stacks.values.workloads import Workload


def secrets_values(values: Workload) -> dict[str, Any]:
    """What the chart has at `secrets`; empty for a service without any."""
    revision = {"revision": values.secrets_revision} if values.secrets_revision else {}
    if values.external_secrets:
        return {"from": "external-secrets", "externalSecrets": _of_store(values.external_secrets), **revision}
    if values.vault:
        return {"from": "vault", "vault": _of_vault(values.vault), **revision}
    return {"names": list(values.secrets), **revision} if values.secrets else {}


def check_own_secrets(workloads: Mapping[str, Workload], names: Names) -> None:
    """Raise IllegalComposition for a secret that the pods' identity could not read, and for a copy that would fail."""
    for name, workload in workloads.items():
        if not workload.parameters or not workload.external_secrets:
            continue
        path = names.parameter_path(name)
        for variable, remote in workload.external_secrets.keys.items():
            if not remote.key.startswith((f"{path}/", f"/{path}/")):
                raise IllegalComposition(
                    f"workloads.{name}.external_secrets.keys.{variable}.key",
                    f"is {remote.key}, which the identity of {name} may not read (workloads.{name}.parameters)",
                    f"name one below {path}/",
                )


def _of_store(source: ExternalSecrets) -> dict[str, Any]:
    keys = {variable: remote.model_dump(exclude_none=True) for variable, remote in source.keys.items()}
    return {"store": source.store, "storeKind": source.store_kind, "refresh": source.refresh, "keys": keys}


def _of_vault(source: Vault) -> dict[str, Any]:
    paths: dict[str, VaultPath | None] = {"static": source.static, "dynamic": source.dynamic}
    return {
        "address": source.address,
        "authMount": source.auth_mount,
        "role": source.role,
        "audience": source.audience,
        "refresh": source.refresh,
        **({"caSecretName": source.ca_secret} if source.ca_secret else {}),
        **{kind: path.model_dump() for kind, path in paths.items() if path},
    }
