"""What runs on Kubernetes: an entry per Helm release."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from stacks.values.secret_sources import ExternalSecrets, SecretName, Vault
from stacks.values.types import Section

Quantity = Annotated[str, Field(pattern=r"^\d+(\.\d+)?(m|Mi|Gi)?$")]


class Resources(Section):
    """What a container requests."""

    cpu: Quantity = "100m"
    memory: Quantity = "128Mi"


class Egress(Section):
    """Addresses that a service's pods may connect to, besides DNS."""

    cidr: Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")]
    ports: Annotated[list[Annotated[int, Field(ge=1, le=65535)]], Field(min_length=1)]
    """TCP."""


class Workload(Section):
    """A service, released with charts/service."""

    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    image: Annotated[str, Field(pattern=r"^([^\s:@/]+(:\d+)?/)?[^\s:@]+$")]
    """Repository without tag."""
    tag: Annotated[str, Field(pattern=r"^[\w][\w.-]{0,127}$", description="never latest")]
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    """Pins the image's bytes; takes precedence over the tag."""
    port: Annotated[int, Field(ge=1024, le=65535)] = 8080
    """Above 1023, because the container does not run as root."""
    min_replicas: Annotated[int, Field(ge=1, le=100)] = 2
    max_replicas: Annotated[int, Field(ge=1, le=500)] = 6
    requests: Resources = Resources()
    limits_memory: Quantity = "256Mi"
    liveness_path: str = "/livez"
    readiness_path: str = "/readyz"
    environment: dict[str, str] = {}
    """Plain settings, never secrets."""
    secrets: list[SecretName] = []
    """Names of Secrets of the namespace whose keys become environment variables; somebody else makes them."""
    external_secrets: ExternalSecrets | None = None
    """In place of `secrets`: what the External Secrets Operator copies from a store such as Secrets Manager."""
    vault: Vault | None = None
    """In place of `secrets`: what the Vault Secrets Operator copies from HashiCorp Vault."""
    secrets_revision: str = ""
    """Another text restarts the pods, for Secrets that were changed in place: docs/runbooks/rotation.md."""
    parameters: bool = False
    """Its pods may read what lies below /<organisation>-<environment>/<name>/ in SSM's Parameter Store and, without the
    first slash, in Secrets Manager, and nothing else there. People fill it: docs/architecture/data.md."""
    migrations: list[str] = []
    """The command that brings the database's schema to the image's revision: before each start and each upgrade."""
    migration_secrets: list[SecretName] = []
    """Names of Secrets that migrations alone get, as one with the MIGRATION_DATABASE_URL of the schema's owner."""
    provision: list[str] = []
    """The command that makes the service's database and its roles, before each release."""
    provision_secrets: list[SecretName] = []
    """Names of Secrets that this command alone gets, as one with ADMINISTRATOR_DATABASE_URL."""
    egress: list[Egress] = []

    @model_validator(mode="after")
    def _releasable(self) -> Workload:
        if self.tag == "latest":
            raise ValueError("tag: latest changes, so a rollback would be impossible; name a version")
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas {self.min_replicas} is greater than max_replicas {self.max_replicas}")
        sources = {"secrets": self.secrets, "external_secrets": self.external_secrets, "vault": self.vault}
        chosen = [name for name, source in sources.items() if source]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)}: secrets come from one source; leave the others out")
        if self.secrets_revision and not chosen:
            raise ValueError("secrets_revision: there are no secrets; name them, or leave it out")
        if self.migration_secrets and not self.migrations:
            raise ValueError("migration_secrets: there are no migrations; name their command, or leave it out")
        if bool(self.provision) != bool(self.provision_secrets):
            raise ValueError("provision: command and provision_secrets belong together; name both, or neither")
        return self
