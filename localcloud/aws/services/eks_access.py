"""EKS access entries and their access policies, which moto lacks."""

from __future__ import annotations

import time
import uuid
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response, not_found
from localcloud.aws.services.eks_common import CLUSTER, change_member, new_member, of_cluster, of_member

ENTRIES = f"{CLUSTER}/access-entries"
# An ARN is sent percent-encoded, so it has no slash here.
ENTRY = f"{ENTRIES}/(?P<principal>[^/]+)"
POLICIES = f"{ENTRY}/access-policies"

_of_entry = of_member(
    "access_entries",
    "principal",
    "The specified principalArn could not be found. You can view your available access entries: {principal}",
)


@of_cluster
def create(request: Request, cluster: Any) -> Response:
    """CreateAccessEntry."""
    if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
        message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"
        return json_error("InvalidRequestException", message)
    body = request.json()
    principal = body["principalArn"]
    if principal in cluster.access_entries:
        message = "The specified access entry resource is already in use on this cluster."
        return json_error("ResourceInUseException", message, 409)
    kind = body.get("type") or "STANDARD"
    entry = {
        **new_member(cluster, body.get("tags")),
        "principalArn": principal,
        "kubernetesGroups": body.get("kubernetesGroups") or ([] if kind == "STANDARD" else ["system:nodes"]),
        "accessEntryArn": _entry_arn(request, cluster.name, principal),
        "username": body.get("username") or _username(principal, kind),
        "type": kind,
    }
    cluster.access_entries[principal] = entry
    cluster.access_policies[principal] = {}
    return json_response({"accessEntry": entry})


@of_cluster
def list_entries(_: Request, cluster: Any) -> Response:
    """ListAccessEntries."""
    return json_response({"accessEntries": sorted(cluster.access_entries)})


@_of_entry
def handle_entry(request: Request, cluster: Any, entry: dict[str, Any]) -> Response:
    """DescribeAccessEntry, UpdateAccessEntry and DeleteAccessEntry."""
    if request.method == "DELETE":
        del cluster.access_entries[entry["principalArn"]]
        cluster.access_policies.pop(entry["principalArn"], None)
        return json_response({})
    if request.method == "POST":
        change_member(entry, request.json(), ("kubernetesGroups", "username"))
    return json_response({"accessEntry": entry})


@_of_entry
def handle_policies(request: Request, cluster: Any, entry: dict[str, Any]) -> Response:
    """AssociateAccessPolicy and ListAssociatedAccessPolicies."""
    principal = entry["principalArn"]
    associated = cluster.access_policies[principal]
    answer: dict[str, Any] = {"clusterName": cluster.name, "principalArn": principal}
    if request.method == "GET":
        return json_response({**answer, "associatedAccessPolicies": list(associated.values())})
    body = request.json()
    now = time.time()
    policy = {
        "policyArn": body["policyArn"],
        "accessScope": body["accessScope"],
        "associatedAt": associated.get(body["policyArn"], {}).get("associatedAt", now),
        "modifiedAt": now,
    }
    associated[body["policyArn"]] = policy
    return json_response({**answer, "associatedAccessPolicy": policy})


@of_cluster
def disassociate(request: Request, cluster: Any) -> Response:
    """DisassociateAccessPolicy."""
    associated = cluster.access_policies.get(request.group("principal"), {})
    if associated.pop(request.group("policy"), None) is None:
        return not_found(f"No association of {request.group('policy')} with {request.group('principal')}")
    return json_response({})


def _username(principal: str, kind: str) -> str:
    """AWS's default: what Kubernetes calls a role, a user or a node."""
    if kind != "STANDARD":
        return "system:node:{{EC2PrivateDNSName}}" if kind.startswith("EC2") else "system:node:{{SessionName}}"
    _, partition, _, _, account, resource = principal.split(":")
    if resource.startswith("role/"):
        return f"arn:{partition}:sts::{account}:assumed-role/{resource.rsplit('/', 1)[-1]}/{{{{SessionName}}}}"
    return principal


def _entry_arn(request: Request, cluster: str, principal: str) -> str:
    _, _, _, _, account, resource = principal.split(":")
    kind, name = resource.split("/", 1)
    return request.arn(f"access-entry/{cluster}/{kind}/{account}/{name.rsplit('/', 1)[-1]}/{uuid.uuid4()}")


ROUTES = (
    Route("eks", "POST", ENTRIES, create),
    Route("eks", "GET", ENTRIES, list_entries),
    Route("eks", "*", ENTRY, handle_entry),
    Route("eks", "*", POLICIES, handle_policies),
    Route("eks", "DELETE", f"{POLICIES}/(?P<policy>[^/]+)", disassociate),
)
