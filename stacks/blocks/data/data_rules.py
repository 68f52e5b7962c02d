"""Which values of the `data` section cannot go together, and why."""

from __future__ import annotations

from stacks.blocks.errors import IllegalComposition
from stacks.values import Environment


def check(environment: Environment) -> None:
    """Raise IllegalComposition where a database would have no subnets of its own."""
    existing = environment.network.existing
    if existing and len(set(existing.database_subnet_ids)) < 2:
        raise IllegalComposition(
            "network.existing.database_subnet_ids",
            f"names {len(set(existing.database_subnet_ids))}, and a database needs subnets in two zones",
            "name two or more subnets without a route to the internet, or remove the section data",
        )
