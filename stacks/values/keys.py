"""Existing KMS keys, for organisations whose keys are made and kept by somebody else."""

from __future__ import annotations

from stacks.values.types import KeyArn, Section


class Keys(Section):
    """Keys to use in place of those that the stacks create; a key is created where one is empty.

    Each must be of the region where it is used. Its policy has to let the services in that the created key would let
    in: docs/architecture/keys.md. Keys of the state and of the cluster are `state.key_arn` and `cluster.key_arn`.
    """

    state_replica: KeyArn | None = None
    """The copy of the states, in `state.replica_region`."""
    plans: KeyArn | None = None
    """Plans until they are applied."""
    deployed: KeyArn | None = None
    """What was applied, without its plans."""
    registries: KeyArn | None = None
    """Images and charts."""
    runner: KeyArn | None = None
    """Logs and caches of the runners in the VPC."""
    audit: KeyArn | None = None
    """CloudTrail's files and log group."""
    alerts: KeyArn | None = None
    """Messages of alarms and findings."""
    flow_logs: KeyArn | None = None
    """The VPC's flow logs."""
    data: KeyArn | None = None
    """Databases, their backups, logs and administrator's passwords."""
    archive: KeyArn | None = None
    """Objects in the archive, whose account has to be able to use it."""
    api: KeyArn | None = None
    """The function, its logs, secrets and table."""
