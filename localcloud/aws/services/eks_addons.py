"""EKS add-ons and the catalogue of their versions, which moto lacks."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response
from localcloud.aws.services import eks_pod_identity
from localcloud.aws.services.eks import CLUSTER, finished_update, not_found, of_cluster

# Oldest to newest; the first is what AWS takes when none is asked for, the last is `most_recent`.
# AWS documentation, "Amazon EKS add-ons", pages of the single add-ons.
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


def install() -> None:
    """Routes only."""


def versions(addon: str, kubernetes: str) -> tuple[str, ...]:
    """The versions of an add-on, oldest first; kube-proxy follows Kubernetes."""
    if addon == "kube-proxy":
        return tuple(f"v{kubernetes}.{patch}" for patch in ("0-eksbuild.2", "3-eksbuild.2"))
    return CATALOGUE.get(addon, ())


def describe_versions(request: Request) -> Response:
    """DescribeAddonVersions."""
    asked = request.query.get("addonName") or [*CATALOGUE, "kube-proxy"]
    kubernetes = request.query.get("kubernetesVersion", ["1.33"])[0]
    return json_response({"addons": [_describe(name, kubernetes) for name in asked if versions(name, kubernetes)]})


def _describe(addon: str, kubernetes: str) -> dict[str, Any]:
    known = versions(addon, kubernetes)
    return {
        "addonName": addon,
        "addonVersions": [
            {
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "compatibilities": [
                    {"clusterVersion": kubernetes, "platformVersions": ["*"], "defaultVersion": version == known[0]}
                ],
            }
            for version in reversed(known)
        ],
    }


@of_cluster
def create(request: Request, cluster: Any) -> Response:
    """CreateAddon."""
    body = request.json()
    name = body["addonName"]
    if name in cluster.addons:
        return json_error("ResourceInUseException", f"Addon already exists: {name}", 409)
    known = versions(name, cluster.version)
    version = body.get("addonVersion") or (known[0] if known else "")
    if not _VERSION.fullmatch(version):
        return json_error("InvalidParameterException", f"Addon version specified is not supported: {name} {version!r}")
    now = time.time()
    addon = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": f"arn:aws:eks:{request.region}:{request.account}:addon/{cluster.name}/{name}/{uuid.uuid4()}",
        "createdAt": now,
        "modifiedAt": now,
        "tags": body.get("tags") or {},
        "podIdentityAssociations": [],
    }
    addon.update({key: body[key] for key in _WRITABLE[1:] if body.get(key)})
    cluster.addons[name] = addon
    _associate(request, cluster, addon, body.get("podIdentityAssociations") or [])
    return json_response({"addon": addon})


@of_cluster
def describe(request: Request, cluster: Any) -> Response:
    """DescribeAddon."""
    addon = cluster.addons.get(request.group("addon"))
    return json_response({"addon": addon}) if addon else _no_addon(request)


@of_cluster
def list_names(_: Request, cluster: Any) -> Response:
    """ListAddons."""
    return json_response({"addons": sorted(cluster.addons)})


@of_cluster
def update(request: Request, cluster: Any) -> Response:
    """UpdateAddon."""
    addon = cluster.addons.get(request.group("addon"))
    if addon is None:
        return _no_addon(request)
    body = request.json()
    addon.update({key: body[key] for key in _WRITABLE if body.get(key)})
    addon["modifiedAt"] = time.time()
    if body.get("podIdentityAssociations") is not None:
        _associate(request, cluster, addon, body["podIdentityAssociations"])
    return json_response({"update": finished_update("AddonUpdate")})


@of_cluster
def delete(request: Request, cluster: Any) -> Response:
    """DeleteAddon, with the Pod Identity associations it owns."""
    addon = cluster.addons.get(request.group("addon"))
    if addon is None:
        return _no_addon(request)
    _associate(request, cluster, addon, [])
    del cluster.addons[addon["addonName"]]
    return json_response({"addon": {**addon, "status": "DELETING"}})


def _associate(request: Request, cluster: Any, addon: dict[str, Any], wanted: list[dict[str, str]]) -> None:
    """Replace the Pod Identity associations of an add-on."""
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


def _no_addon(request: Request) -> Response:
    return not_found(f"No addon: {request.group('addon')} found in cluster: {request.group('cluster')}")


ROUTES = (
    Route("eks", "GET", "/addons/supported-versions", describe_versions),
    Route("eks", "POST", f"{CLUSTER}/addons", create),
    Route("eks", "GET", f"{CLUSTER}/addons", list_names),
    Route("eks", "GET", ADDON, describe),
    Route("eks", "POST", f"{ADDON}/update", update),
    Route("eks", "DELETE", ADDON, delete),
)
