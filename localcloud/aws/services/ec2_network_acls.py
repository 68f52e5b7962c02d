"""EC2 network ACLs: an association that is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """moto ends with an internal error, where AWS says what Terraform knows how to handle."""
    from moto.ec2.models.network_acls import NetworkAclBackend

    wrap(NetworkAclBackend, "replace_network_acl_association", _replace)


def _replace(original: Callable[..., Any]) -> Callable[..., Any]:
    def replace_network_acl_association(self: Any, association_id: str, network_acl_id: str) -> Any:
        from moto.ec2.exceptions import InvalidAssociationIdError

        if not any(association_id in acl._associations for acl in self.network_acls.values()):
            raise InvalidAssociationIdError(association_id)
        return original(self, association_id, network_acl_id)

    return replace_network_acl_association
