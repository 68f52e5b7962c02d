"""EKS Pod Identity associations and OIDC providers of a cluster, which moto lacks."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response, not_found
from localcloud.aws.services.eks_common import (
    CLUSTER,
    change_member,
    finished_update,
    new_member,
    of_cluster,
    of_member,
)

ASSOCIATIONS = f"{CLUSTER}/pod-identity-associations"
ASSOCIATION = f"{ASSOCIATIONS}/(?P<association>[^/]+)"
PROVIDERS = f"{CLUSTER}/identity-provider-configs"
_WRITABLE = ("roleArn", "targetRoleArn", "disableSessionTags")


def associate(request: Request, cluster: Any, settings: dict[str, Any], *, owner: str = "") -> dict[str, Any]:
    """Make an association; `owner` is the ARN of the add-on it belongs to, if any."""
    identifier = f"a-{secrets.token_hex(9)[:17]}"
    association = {
        **new_member(cluster, settings.get("tags")),
        "namespace": settings["namespace"],
        "serviceAccount": settings["serviceAccount"],
        "associationArn": request.arn(f"podidentityassociation/{cluster.name}/{identifier}"),
        "associationId": identifier,
        **{key: settings[key] for key in _WRITABLE if key in settings},
    }
    if owner:
        association["ownerArn"] = owner
    cluster.pod_identities[identifier] = association
    return association


@of_cluster
def create(request: Request, cluster: Any) -> Response:
    """CreatePodIdentityAssociation: one per namespace and service account."""
    body = request.json()
    for association in cluster.pod_identities.values():
        if (association["namespace"], association["serviceAccount"]) == (body["namespace"], body["serviceAccount"]):
            message = f"Association already exists: {association['associationId']}"
            return json_error("ResourceInUseException", message, 409)
    return json_response({"association": associate(request, cluster, body)})


@of_cluster
def list_associations(request: Request, cluster: Any) -> Response:
    """ListPodIdentityAssociations, of one namespace or service account where the query names it."""
    filters = {key: request.query[key][0] for key in ("namespace", "serviceAccount") if key in request.query}
    associations = [
        association
        for association in cluster.pod_identities.values()
        if all(association[key] == value for key, value in filters.items())
    ]
    return json_response({"associations": associations})


@of_member("pod_identities", "association", "Association {association} was not found")
def handle_association(request: Request, cluster: Any, association: dict[str, Any]) -> Response:
    """DescribePodIdentityAssociation, UpdatePodIdentityAssociation and DeletePodIdentityAssociation."""
    if request.method == "DELETE":
        del cluster.pod_identities[association["associationId"]]
    elif request.method == "POST":
        change_member(association, request.json(), _WRITABLE)
    return json_response({"association": association})


# ── OIDC providers that people sign in with ──────────────────────────────────────────────────────────
@of_cluster
def associate_provider(request: Request, cluster: Any) -> Response:
    """AssociateIdentityProviderConfig."""
    body = request.json()
    name, tags = body["oidc"]["identityProviderConfigName"], body.get("tags") or {}
    cluster.identity_providers[name] = {
        **body["oidc"],
        "identityProviderConfigArn": request.arn(f"identityproviderconfig/{cluster.name}/oidc/{name}/{uuid.uuid4()}"),
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "tags": tags,
    }
    return finished_update("AssociateIdentityProviderConfig", tags=tags)


@of_cluster
def describe_provider(request: Request, cluster: Any) -> Response:
    """DescribeIdentityProviderConfig."""
    name = request.json()["identityProviderConfig"]["name"]
    provider = cluster.identity_providers.get(name)
    return json_response({"identityProviderConfig": {"oidc": provider}}) if provider else _no_provider(name)


@of_cluster
def disassociate_provider(request: Request, cluster: Any) -> Response:
    """DisassociateIdentityProviderConfig."""
    name = request.json()["identityProviderConfig"]["name"]
    if cluster.identity_providers.pop(name, None) is None:
        return _no_provider(name)
    return finished_update("DisassociateIdentityProviderConfig")


def _no_provider(name: str) -> Response:
    return not_found(f"Identity provider config is not found: {name}")


ROUTES = (
    Route("eks", "POST", ASSOCIATIONS, create),
    Route("eks", "GET", ASSOCIATIONS, list_associations),
    Route("eks", "*", ASSOCIATION, handle_association),
    Route("eks", "POST", f"{PROVIDERS}/associate", associate_provider),
    Route("eks", "POST", f"{PROVIDERS}/describe", describe_provider),
    Route("eks", "POST", f"{PROVIDERS}/disassociate", disassociate_provider),
)
