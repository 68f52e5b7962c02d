"""Cognito user pools: resource servers can be changed and deleted."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import add


def install() -> None:
    """Actions that moto lacks."""
    from moto.cognitoidp.responses import CognitoIdpResponse

    add(CognitoIdpResponse, update_resource_server, delete_resource_server)


def update_resource_server(self: Any) -> Any:
    """UpdateResourceServer."""
    from moto.core.responses import ActionResult

    server = self.backend.describe_resource_server(self._get_param("UserPoolId"), self._get_param("Identifier"))
    server.name = self._get_param("Name")
    server.scopes = self._get_param("Scopes")
    return ActionResult({"ResourceServer": server.to_json()})


def delete_resource_server(self: Any) -> Any:
    """DeleteResourceServer; describing it first raises the right error where it does not exist."""
    from moto.core.responses import EmptyResult

    identifier = self._get_param("Identifier")
    self.backend.describe_resource_server(self._get_param("UserPoolId"), identifier)
    del self.backend.describe_user_pool(self._get_param("UserPoolId")).resource_servers[identifier]
    return EmptyResult()
