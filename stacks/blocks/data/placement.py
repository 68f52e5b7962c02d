"""Where a database of AWS lies, who reaches it, and where its logs go: the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from constructs import Construct

from stacks.blocks.network.security_rules import let_in
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import Key


@dataclass(frozen=True)
class Placement:
    """Subnets in a VPC, and the security groups in `clients` (name → id) whose members come in.

    `key` encrypts all of a database; `tags` say what copies it.
    """

    vpc_id: str
    subnet_group: str
    clients: Mapping[str, str]
    key: Key
    tags: Mapping[str, str]

    def security_group(self, scope: Construct, *, name: str, engine: str, port: int) -> SecurityGroup:
        """The database's own group: clients come in by `port`, nothing goes out."""
        group = SecurityGroup(
            scope,
            "security_group",
            name=name,
            description=f"{engine}: pods of the cluster come in, nothing goes out",
            vpc_id=self.vpc_id,
            tags={"Name": name},
        )
        for client, peer in self.clients.items():
            let_in(scope, f"from_{client}", group.id, f"{engine} from {client}", peer=peer, ports=(port, port))
        return group

    def log_groups(self, scope: Construct, names: Mapping[str, str], *, days: int) -> list[CloudwatchLogGroup]:
        """Made before the database, which would make them without a key; `names` is log → name of its group."""
        return [
            LogGroup(scope, f"{log}_log", name=name, key=self.key, retention_days=days).group
            for log, name in names.items()
        ]
