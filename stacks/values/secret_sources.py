"""Where the secrets of a service come from; no value of a secret is part of an environment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.values.types import Section

SecretName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
"""Of an object of Kubernetes."""
_Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_Refresh = Annotated[str, Field(pattern=r"^[0-9]+(s|m|h)$")]


class RemoteKey(Section):
    """A secret of the store."""

    key: Annotated[str, Field(min_length=1)]
    """Its name there, as acme-dev/ledger/access."""
    property: Annotated[str, Field(min_length=1)] | None = None
    """A field of it, where its value is JSON."""


class ExternalSecrets(Section):
    """Secrets that the External Secrets Operator copies into the cluster: docs/architecture/secrets.md."""

    store: SecretName
    """The SecretStore of the namespace, or with `store_kind` the cluster's."""
    store_kind: Literal["SecretStore", "ClusterSecretStore"] = "SecretStore"
    refresh: _Refresh = "1h"
    keys: Annotated[dict[_Variable, RemoteKey], Field(min_length=1)]
    """Environment variable → where its value is."""


class VaultPath(Section):
    """A secret of HashiCorp Vault."""

    mount: Annotated[str, Field(min_length=1)]
    path: Annotated[str, Field(min_length=1)]


class Vault(Section):
    """Secrets that the Vault Secrets Operator copies; the pods' own service account signs in to Vault."""

    address: Annotated[str, Field(pattern=r"^https://\S+$")]
    """Its certificate is verified."""
    ca_secret: SecretName | None = None
    """Secret with ca.crt, where the certificate is of a private authority."""
    auth_mount: Annotated[str, Field(min_length=1)] = "kubernetes"
    role: Annotated[str, Field(min_length=1)]
    audience: Annotated[str, Field(min_length=1)] = "vault"
    refresh: _Refresh = "1h"
    static: VaultPath | None = None
    """A secret of the KV engine, version 2."""
    dynamic: VaultPath | None = None
    """Credentials that Vault makes, as database and creds/ledger; renewed, then replaced."""

    @model_validator(mode="after")
    def _names_something(self) -> Vault:
        if not self.static and not self.dynamic:
            raise ValueError("there is no secret; name static or dynamic")
        return self
