"""What main knows of an environment: the only accounts, states, roles and files that a pull request may name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from stacks.values import Environment, Names, laptop

LAPTOP_CLUSTER = "../../../.groundwork/kubernetes/kubeconfig"


@dataclass(frozen=True)
class Expectations:
    """The values of one environment file of main."""

    environment: Environment

    @cached_property
    def names(self) -> Names:
        """The environment's names."""
        return Names(self.environment)

    @property
    def on_laptop(self) -> bool:
        """Whether the stacks belong to the embedded AWS."""
        return self.environment.target == "laptop"

    @property
    def accounts(self) -> set[str]:
        """Account numbers that a provider may be pinned to."""
        return {self.environment.accounts.main.id, self.environment.accounts.archive.id}

    @property
    def regions(self) -> set[str]:
        """Regions that a provider may name; CloudFront's and the replica's among them."""
        found = {self.environment.region, "us-east-1"}
        if self.environment.state.replica_region:
            found.add(self.environment.state.replica_region)
        return found

    @property
    def roles(self) -> set[str]:
        """What a provider may name as the role to assume: exactly what the archive stack does."""
        return {self.names.archive_role_arn}

    def backend(self, key: str) -> dict[str, object]:
        """Each setting that a backend may have, with the one value it may have."""
        names, environment = self.names, self.environment
        settings: dict[str, object] = {
            "bucket": names.state_bucket,
            "key": key,
            "region": environment.region,
            "encrypt": True,
            "kms_key_id": names.state_key_arn,
            "dynamodb_table": names.lock_table,
            "use_lockfile": True,
            "allowed_account_ids": [environment.accounts.main.id],
        }
        if self.on_laptop:
            settings |= laptop.BACKEND
        return settings
