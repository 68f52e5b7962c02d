"""Cognito user pools: resource servers can be changed and deleted, and tags changed."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import add


def install() -> None:
    """Actions that moto lacks."""
    from moto.cognitoidp.responses import CognitoIdpResponse

    add(CognitoIdpResponse, update_resource_server, delete_resource_server)
    add(CognitoIdpResponse, list_tags_for_resource, tag_resource, untag_resource)


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


def list_tags_for_resource(self: Any) -> Any:
    """ListTagsForResource."""
    from moto.core.responses import ActionResult

    return ActionResult({"Tags": _tags(self)})


def tag_resource(self: Any) -> Any:
    """TagResource."""
    from moto.core.responses import EmptyResult

    _tags(self).update(self._get_param("Tags"))
    return EmptyResult()


def untag_resource(self: Any) -> Any:
    """UntagResource."""
    from moto.core.responses import EmptyResult

    tags = _tags(self)
    for name in self._get_param("TagKeys"):
        tags.pop(name, None)
    return EmptyResult()


def _tags(response: Any) -> dict[str, str]:
    """The tags of the pool that the request names by its ARN; raises AWS's error for an unknown pool."""
    pool = response.backend.describe_user_pool(str(response._get_param("ResourceArn")).rsplit("/", 1)[-1])
    tags: dict[str, str] = pool.extended_config.setdefault("UserPoolTags", {})
    return tags
