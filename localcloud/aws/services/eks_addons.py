"""EKS add-ons and the catalogue of their versions, which moto lacks."""

from __future__ import annotations

import re
import uuid
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response
from localcloud.aws.services import eks_pod_identity
from localcloud.aws.services.eks_common import (
    CLUSTER,
    change_member,
    finished_update,
    new_member,
    of_cluster,
    of_member,
)

# Oldest to newest; the first is AWS's default, the last is `most_recent`.
# Source: AWS documentation, "Amazon EKS add-ons", pages of the single add-ons.
CATALOGUE = {
    "vpc-cni": ("v1.19.5-eksbuild.1", "v1.20.1-eksbuild.3"),
    "coredns": ("v1.11.4-eksbuild.2", "v1.12.1-eksbuild.2"),
    "eks-pod-identity-agent": ("v1.3.4-eksbuild.1", "v1.3.8-eksbuild.2"),
    "aws-ebs-csi-driver": ("v1.44.0-eksbuild.1", "v1.48.0-eksbuild.1"),
    "aws-efs-csi-driver": ("v2.1.8-eksbuild.1", "v2.1.11-eksbuild.1"),
    "snapshot-controller": ("v8.2.0-eksbuild.1", "v8.3.0-eksbuild.1"),
    "amazon-cloudwatch-observability": ("v3.7.0-eksbuild.1", "v4.4.0-eksbuild.1"),
    "aws-guardduty-agent": ("v1.10.0-eksbuild.2", "v1.11.0-eksbuild.4"),
    "adot": ("v0.117.0-eksbuild.1", "v0.131.0-eksbuild.1"),
    "metrics-server": ("v0.7.2-eksbuild.4", "v0.8.0-eksbuild.2"),
    "eks-node-monitoring-agent": ("v1.3.0-eksbuild.2", "v1.4.0-eksbuild.2"),
    "cert-manager": ("v1.17.2-eksbuild.2", "v1.18.2-eksbuild.2"),
    "external-dns": ("v0.16.1-eksbuild.2", "v0.19.0-eksbuild.2"),
}
_VERSION = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")
_WRITABLE = ("addonVersion", "configurationValues", "serviceAccountRoleArn")
ADDON = f"{CLUSTER}/addons/(?P<addon>[^/]+)"

_of_addon = of_member("addons", "addon", "No addon: {addon} found in cluster: {cluster}")


def versions(addon: str, kubernetes: str) -> tuple[str, ...]:
    """The versions of an add-on, oldest first; kube-proxy follows Kubernetes."""
    if addon == "kube-proxy":
        return tuple(f"v{kubernetes}.{patch}" for patch in ("0-eksbuild.2", "3-eksbuild.2"))
    return CATALOGUE.get(addon, ())


def describe_versions(request: Request) -> Response:
    """DescribeAddonVersions."""
    names = request.query.get("addonName") or [*CATALOGUE, "kube-proxy"]
    kubernetes = request.query.get("kubernetesVersion", ["1.33"])[0]
    addons = [_describe_versions(name, kubernetes) for name in names if versions(name, kubernetes)]
    return json_response({"addons": addons})


def _describe_versions(addon: str, kubernetes: str) -> dict[str, Any]:
    published = versions(addon, kubernetes)
    described = [
        {
            "addonVersion": version,
            "architecture": ["amd64", "arm64"],
            "compatibilities": [
                {"clusterVersion": kubernetes, "platformVersions": ["*"], "defaultVersion": version == published[0]}
            ],
        }
        for version in reversed(published)
    ]
    return {"addonName": addon, "addonVersions": described}


@of_cluster
def create(request: Request, cluster: Any) -> Response:
    """CreateAddon."""
    body = request.json()
    name = body["addonName"]
    if name in cluster.addons:
        return json_error("ResourceInUseException", f"Addon already exists: {name}", 409)
    published = versions(name, cluster.version)
    version = body.get("addonVersion") or (published[0] if published else "")
    if not _VERSION.fullmatch(version):
        return json_error("InvalidParameterException", f"Addon version specified is not supported: {name} {version!r}")
    addon = {
        **new_member(cluster, body.get("tags")),
        "addonName": name,
        "status": "ACTIVE",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": request.arn(f"addon/{cluster.name}/{name}/{uuid.uuid4()}"),
        "podIdentityAssociations": [],
    }
    addon.update({key: body[key] for key in _WRITABLE[1:] if body.get(key)})
    cluster.addons[name] = addon
    _associate(request, cluster, addon, body.get("podIdentityAssociations") or [])
    return json_response({"addon": addon})


@of_cluster
def list_addons(_: Request, cluster: Any) -> Response:
    """ListAddons."""
    return json_response({"addons": sorted(cluster.addons)})


@_of_addon
def describe(_: Request, _cluster: Any, addon: dict[str, Any]) -> Response:
    """DescribeAddon."""
    return json_response({"addon": addon})


@_of_addon
def update(request: Request, cluster: Any, addon: dict[str, Any]) -> Response:
    """UpdateAddon."""
    body = request.json()
    change_member(addon, {key: value for key, value in body.items() if value}, _WRITABLE)
    if body.get("podIdentityAssociations") is not None:
        _associate(request, cluster, addon, body["podIdentityAssociations"])
    return finished_update("AddonUpdate")


@_of_addon
def delete(request: Request, cluster: Any, addon: dict[str, Any]) -> Response:
    """DeleteAddon, with the Pod Identity associations it owns."""
    _associate(request, cluster, addon, [])
    del cluster.addons[addon["addonName"]]
    return json_response({"addon": {**addon, "status": "DELETING"}})


def _associate(request: Request, cluster: Any, addon: dict[str, Any], wanted: list[dict[str, str]]) -> None:
    """Replace the Pod Identity associations of an add-on by the `wanted` ones."""
    for arn in addon["podIdentityAssociations"]:
        cluster.pod_identities.pop(arn.rsplit("/", 1)[-1], None)
    addon["podIdentityAssociations"] = [
        eks_pod_identity.associate(
            request,
            cluster,
            {"namespace": "kube-system", "serviceAccount": each["serviceAccount"], "roleArn": each["roleArn"]},
            owner=addon["addonArn"],
        )["associationArn"]
        for each in wanted
    ]


ROUTES = (
    Route("eks", "GET", "/addons/supported-versions", describe_versions),
    Route("eks", "POST", f"{CLUSTER}/addons", create),
    Route("eks", "GET", f"{CLUSTER}/addons", list_addons),
    Route("eks", "GET", ADDON, describe),
    Route("eks", "POST", f"{ADDON}/update", update),
    Route("eks", "DELETE", ADDON, delete),
)
