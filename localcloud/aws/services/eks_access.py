"""EKS access entries and the access policies of each, which moto lacks."""

from __future__ import annotations

import time
import uuid
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response
from localcloud.aws.services.eks import CLUSTER, not_found, of_cluster

ENTRIES = f"{CLUSTER}/access-entries"
# As sent, an ARN holds no slash: it is percent-encoded.
ENTRY = f"{ENTRIES}/(?P<principal>[^/]+)"
POLICIES = f"{ENTRY}/access-policies"


def install() -> None:
    """Routes only."""


@of_cluster
def create(request: Request, cluster: Any) -> Response:
    """CreateAccessEntry."""
    if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
        return json_error(
            "InvalidRequestException",
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP]",
        )
    body = request.json()
    principal = body["principalArn"]
    if principal in cluster.access_entries:
        message = "The specified access entry resource is already in use on this cluster."
        return json_error("ResourceInUseException", message, 409)
    kind = body.get("type") or "STANDARD"
    now = time.time()
    entry = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": body.get("kubernetesGroups") or ([] if kind == "STANDARD" else ["system:nodes"]),
        "accessEntryArn": _entry_arn(request, cluster.name, principal),
        "createdAt": now,
        "modifiedAt": now,
        "tags": body.get("tags") or {},
        "username": body.get("username") or _username(principal, kind),
        "type": kind,
    }
    cluster.access_entries[principal] = entry
    cluster.access_policies[principal] = {}
    return json_response({"accessEntry": entry})


@of_cluster
def list_all(_: Request, cluster: Any) -> Response:
    """ListAccessEntries."""
    return json_response({"accessEntries": sorted(cluster.access_entries)})


@of_cluster
def one(request: Request, cluster: Any) -> Response:
    """DescribeAccessEntry, UpdateAccessEntry and DeleteAccessEntry."""
    entry = cluster.access_entries.get(request.group("principal"))
    if entry is None:
        return _no_entry(request)
    if request.method == "DELETE":
        del cluster.access_entries[entry["principalArn"]]
        cluster.access_policies.pop(entry["principalArn"], None)
        return json_response({})
    if request.method == "POST":
        body = request.json()
        entry.update({key: body[key] for key in ("kubernetesGroups", "username") if key in body})
        entry["modifiedAt"] = time.time()
    return json_response({"accessEntry": entry})


@of_cluster
def policies(request: Request, cluster: Any) -> Response:
    """AssociateAccessPolicy and ListAssociatedAccessPolicies."""
    principal = request.group("principal")
    if principal not in cluster.access_entries:
        return _no_entry(request)
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
    """The default of AWS: what Kubernetes sees of a role, a user or a node."""
    if kind != "STANDARD":
        return "system:node:{{EC2PrivateDNSName}}" if kind.startswith("EC2") else "system:node:{{SessionName}}"
    partition, account, resource = principal.split(":")[1], principal.split(":")[4], principal.split(":")[5]
    if resource.startswith("role/"):
        return f"arn:{partition}:sts::{account}:assumed-role/{resource.rsplit('/', 1)[-1]}/{{{{SessionName}}}}"
    return principal


def _entry_arn(request: Request, cluster: str, principal: str) -> str:
    kind, name = principal.split(":")[5].split("/", 1)
    where = f"arn:aws:eks:{request.region}:{request.account}:access-entry/{cluster}"
    return f"{where}/{kind}/{principal.split(':')[4]}/{name.rsplit('/', 1)[-1]}/{uuid.uuid4()}"


def _no_entry(request: Request) -> Response:
    principal = request.group("principal")
    return not_found(
        f"The specified principalArn could not be found. You can view your available access entries: {principal}"
    )


ROUTES = (
    Route("eks", "POST", ENTRIES, create),
    Route("eks", "GET", ENTRIES, list_all),
    Route("eks", "*", ENTRY, one),
    Route("eks", "*", POLICIES, policies),
    Route("eks", "DELETE", f"{POLICIES}/(?P<policy>[^/]+)", disassociate),
)
