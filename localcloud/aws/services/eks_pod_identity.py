"""EKS Pod Identity associations and OIDC providers of a cluster, which moto lacks."""

from __future__ import annotations

import secrets
import time
import uuid
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response
from localcloud.aws.services.eks import CLUSTER, finished_update, not_found, of_cluster

ASSOCIATIONS = f"{CLUSTER}/pod-identity-associations"
ASSOCIATION = f"{ASSOCIATIONS}/(?P<association>[^/]+)"
PROVIDERS = f"{CLUSTER}/identity-provider-configs"
_WRITABLE = ("roleArn", "targetRoleArn", "disableSessionTags")


def install() -> None:
    """Routes only."""


def associate(request: Request, cluster: Any, wanted: dict[str, Any], *, owner: str = "") -> dict[str, Any]:
    """Make an association; `owner` is the ARN of the add-on it belongs to, if any."""
    identifier = f"a-{secrets.token_hex(9)[:17]}"
    now = time.time()
    association = {
        "clusterName": cluster.name,
        "namespace": wanted["namespace"],
        "serviceAccount": wanted["serviceAccount"],
        "roleArn": wanted["roleArn"],
        "associationArn": (
            f"arn:aws:eks:{request.region}:{request.account}:podidentityassociation/{cluster.name}/{identifier}"
        ),
        "associationId": identifier,
        "tags": wanted.get("tags") or {},
        "createdAt": now,
        "modifiedAt": now,
    }
    association.update({key: wanted[key] for key in _WRITABLE if key in wanted})
    if owner:
        association["ownerArn"] = owner
    cluster.pod_identities[identifier] = association
    return association


@of_cluster
def create(request: Request, cluster: Any) -> Response:
    """CreatePodIdentityAssociation: one per namespace and service account."""
    body = request.json()
    for known in cluster.pod_identities.values():
        if (known["namespace"], known["serviceAccount"]) == (body["namespace"], body["serviceAccount"]):
            return json_error("ResourceInUseException", f"Association already exists: {known['associationId']}", 409)
    return json_response({"association": associate(request, cluster, body)})


@of_cluster
def list_all(request: Request, cluster: Any) -> Response:
    """ListPodIdentityAssociations."""
    wanted = {key: request.query[key][0] for key in ("namespace", "serviceAccount") if key in request.query}
    return json_response(
        {
            "associations": [
                each
                for each in cluster.pod_identities.values()
                if all(each[key] == value for key, value in wanted.items())
            ]
        }
    )


@of_cluster
def one(request: Request, cluster: Any) -> Response:
    """DescribePodIdentityAssociation, UpdatePodIdentityAssociation and DeletePodIdentityAssociation."""
    association = cluster.pod_identities.get(request.group("association"))
    if association is None:
        return not_found(f"Association {request.group('association')} was not found")
    if request.method == "DELETE":
        del cluster.pod_identities[association["associationId"]]
    elif request.method == "POST":
        body = request.json()
        association.update({key: body[key] for key in _WRITABLE if key in body}, modifiedAt=time.time())
    return json_response({"association": association})


# ── OIDC providers people sign in with ─────────────────────────────────────────────────────────────


@of_cluster
def associate_provider(request: Request, cluster: Any) -> Response:
    """AssociateIdentityProviderConfig."""
    body = request.json()
    name = body["oidc"]["identityProviderConfigName"]
    arn = f"arn:aws:eks:{request.region}:{request.account}:identityproviderconfig/{cluster.name}/oidc/{name}"
    cluster.identity_providers[name] = {
        **body["oidc"],
        "identityProviderConfigArn": f"{arn}/{uuid.uuid4()}",
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "tags": body.get("tags") or {},
    }
    return json_response({"update": finished_update("AssociateIdentityProviderConfig"), "tags": body.get("tags") or {}})


@of_cluster
def describe_provider(request: Request, cluster: Any) -> Response:
    """DescribeIdentityProviderConfig."""
    name = request.json()["identityProviderConfig"]["name"]
    provider = cluster.identity_providers.get(name)
    if provider is None:
        return not_found(f"Identity provider config is not found: {name}")
    return json_response({"identityProviderConfig": {"oidc": provider}})


@of_cluster
def disassociate_provider(request: Request, cluster: Any) -> Response:
    """DisassociateIdentityProviderConfig."""
    name = request.json()["identityProviderConfig"]["name"]
    if cluster.identity_providers.pop(name, None) is None:
        return not_found(f"Identity provider config is not found: {name}")
    return json_response({"update": finished_update("DisassociateIdentityProviderConfig")})


ROUTES = (
    Route("eks", "POST", ASSOCIATIONS, create),
    Route("eks", "GET", ASSOCIATIONS, list_all),
    Route("eks", "*", ASSOCIATION, one),
    Route("eks", "POST", f"{PROVIDERS}/associate", associate_provider),
    Route("eks", "POST", f"{PROVIDERS}/describe", describe_provider),
    Route("eks", "POST", f"{PROVIDERS}/disassociate", disassociate_provider),
)
