"""EKS clusters and node groups: the settings moto drops, and updates that end as AWS's do."""

from __future__ import annotations

import base64
import functools
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import Request, Response, Route, json_response, not_found, requires

DEFAULT_VERSION = "1.33"
CLUSTER = r"/clusters/(?P<cluster>[^/]+)"

# Request key → attribute of moto's cluster; all are answered as they were sent.
_PLAIN_SETTINGS = {
    "computeConfig": "compute_config",
    "storageConfig": "storage_config",
    "zonalShiftConfig": "zonal_shift_config",
    "deletionProtection": "deletion_protection",
}

MemberHandler = Callable[[Request, Any, Any], Response]


def install() -> None:
    """Keep every setting of a cluster and of its nodes; without them Terraform replaces both in the second plan."""
    from moto.eks.models import Cluster, EKSBackend
    from moto.eks.responses import EKSResponse

    wrap(Cluster, "__init__", _init_cluster)
    wrap(EKSResponse, "create_cluster", _create_cluster)
    wrap(EKSBackend, "delete_cluster", _delete_cluster)
    wrap(EKSResponse, "create_nodegroup", _create_nodegroup)
    wrap(EKSBackend, "tag_resource", _tag_resource)
    wrap(EKSBackend, "untag_resource", _untag_resource)
    wrap(EKSBackend, "list_tags_for_resource", _list_tags_for_resource)


# ── what handlers of all EKS calls share ─────────────────────────────────────────────────────────────
def _find_cluster(request: Request) -> Any:
    from moto.eks.models import eks_backends

    return eks_backends[request.account][request.region].clusters.get(request.group("cluster"))


of_cluster = requires(_find_cluster, "No cluster found for name: {cluster}.")
"""Decorates a handler that also gets the cluster named in the path; without such a cluster the answer is EKS's 404."""


def of_member(table: str, group: str, missing: str) -> Callable[[MemberHandler], Callable[[Request], Response]]:
    """Decorate a handler that also gets the cluster and its member, both named in the path.

    `table` is the cluster's attribute that holds the members, `group` the path's group with the name. `missing` is the
    message of the 404, with groups of the path in braces.
    """

    def decorate(handler: MemberHandler) -> Callable[[Request], Response]:
        @of_cluster
        @functools.wraps(handler)
        def handle(request: Request, cluster: Any) -> Response:
            member = getattr(cluster, table).get(request.group(group))
            if member is None:
                return not_found(missing.format(**request.groups()))
            return handler(request, cluster, member)

        return handle

    return decorate


def new_member(cluster: Any, tags: Mapping[str, str] | None) -> dict[str, Any]:
    """What access entries, add-ons and associations have in common, in wire format."""
    now = time.time()
    return {"clusterName": cluster.name, "createdAt": now, "modifiedAt": now, "tags": tags or {}}


def change_member(member: dict[str, Any], body: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Take over those of `keys` that a request mentions."""
    member.update({key: body[key] for key in keys if key in body}, modifiedAt=time.time())


def finished_update(kind: str, *, identifier: str = "", **more: Any) -> Response:
    """The answer to a change that is done at once."""
    update = {
        "id": identifier or str(uuid.uuid4()),
        "status": "Successful",
        "type": kind,
        "createdAt": time.time(),
        "errors": [],
        "params": [],
    }
    return json_response({"update": update, **more})


# ── clusters ─────────────────────────────────────────────────────────────────────────────────────────
def _init_cluster(original: Method, self: Any, *args: Any, **keywords: Any) -> None:
    """Add what belongs to a cluster and goes with it, in wire format; moto gives all clusters the same OIDC issuer."""
    original(self, *args, **keywords)
    region = keywords["region_name"]
    identifier = secrets.token_hex(16).upper()
    self.identity = {"oidc": {"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{identifier}"}}
    self.endpoint = f"https://{identifier}.gr7.{region}.eks.amazonaws.com"
    self.certificate_authority = {"data": base64.b64encode(_self_signed_certificate()).decode()}
    self.addons = {}
    self.access_entries = {}
    self.access_policies = {}
    self.pod_identities = {}
    self.identity_providers = {}


def _self_signed_certificate() -> bytes:
    """PEM: clients decode the authority of a cluster, and some parse it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _create_cluster(original: Method, self: Any) -> Any:
    answer = original(self)
    cluster = self.eks_backend.clusters[self._get_param("name")]
    cluster.version = self._get_param("version") or DEFAULT_VERSION
    cluster.access_config = {
        "authenticationMode": "CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": True,
        **(self._get_param("accessConfig") or {}),
    }
    cluster.upgrade_policy = self._get_param("upgradePolicy") or {"supportType": "EXTENDED"}
    cluster.kubernetes_network_config = {
        "ipFamily": "ipv4",
        "serviceIpv4Cidr": "172.20.0.0/16",
        "elasticLoadBalancing": {"enabled": False},
        **(self._get_param("kubernetesNetworkConfig") or {}),
    }
    for key, attribute in _PLAIN_SETTINGS.items():
        value = self._get_param(key)
        if value is not None:
            setattr(cluster, attribute, value)
    _complete_network(cluster, self.current_account, self.region)
    return answer


def _complete_network(cluster: Any, account: str, region: str) -> None:
    """AWS fills in the VPC, the endpoint's defaults, and a security group of its own that others refer to."""
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[account][region]
    config = cluster.resources_vpc_config
    config.setdefault("endpointPublicAccess", True)
    config.setdefault("endpointPrivateAccess", False)
    config.setdefault("publicAccessCidrs", ["0.0.0.0/0"] if config["endpointPublicAccess"] else [])
    config.setdefault("securityGroupIds", [])
    subnets = config.get("subnetIds") or []
    if not subnets or subnets[0] not in {subnet.id for zone in ec2.subnets.values() for subnet in zone.values()}:
        return
    config["vpcId"] = ec2.get_subnet(subnets[0]).vpc_id
    config["clusterSecurityGroupId"] = ec2.create_security_group(
        f"eks-cluster-sg-{cluster.name}-{secrets.randbelow(10**9)}",
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, "
        "as well as any managed workloads.",
        vpc_id=config["vpcId"],
        tags={"aws:eks:cluster-name": cluster.name, "Name": f"eks-cluster-sg-{cluster.name}"},
    ).id


def _delete_cluster(original: Method, self: Any, name: str) -> Any:
    from moto.ec2.models import ec2_backends

    cluster = original(self, name=name)
    ec2 = ec2_backends[self.account_id][self.region_name]
    group = cluster.resources_vpc_config.get("clusterSecurityGroupId")
    if group and ec2.get_security_group_from_id(group):
        ec2.delete_security_group(group_id=group)
    return cluster


@of_cluster
def update_cluster_config(request: Request, cluster: Any) -> Response:
    """UpdateClusterConfig answers with an update; moto answers with the cluster and replaces what is not mentioned."""
    body = request.json()
    cluster.resources_vpc_config.update(body.get("resourcesVpcConfig") or {})
    cluster.kubernetes_network_config.update(body.get("kubernetesNetworkConfig") or {})
    cluster.access_config.update(body.get("accessConfig") or {})
    cluster.upgrade_policy.update(body.get("upgradePolicy") or {})
    cluster.logging = body.get("logging") or cluster.logging
    cluster.remote_network_config = body.get("remoteNetworkConfig") or cluster.remote_network_config
    for key, attribute in _PLAIN_SETTINGS.items():
        if key in body:
            setattr(cluster, attribute, body[key])
    return finished_update("ConfigUpdate")


@of_cluster
def update_cluster_version(request: Request, cluster: Any) -> Response:
    """UpdateClusterVersion."""
    cluster.version = request.json()["version"]
    return finished_update("VersionUpdate")


@of_cluster
def associate_encryption_config(request: Request, cluster: Any) -> Response:
    """AssociateEncryptionConfig."""
    cluster.encryption_config = request.json()["encryptionConfig"]
    return finished_update("AssociateEncryptionConfig")


def describe_update(request: Request) -> Response:
    """DescribeUpdate: every update is done."""
    return finished_update("ConfigUpdate", identifier=request.group("update"))


# ── node groups ──────────────────────────────────────────────────────────────────────────────────────
def _create_nodegroup(original: Method, self: Any) -> Any:
    """moto invents an SSH key and a security group for it, and forgets how nodes are updated and repaired."""
    answer = original(self)
    cluster = self.eks_backend.clusters[self._get_param("name")]
    nodes = cluster.nodegroups[self._get_param("nodegroupName")]
    nodes.version = self._get_param("version") or cluster.version
    nodes.release_version = self._get_param("releaseVersion") or f"{nodes.version}.3-20250920"
    nodes.ami_type = self._get_param("amiType") or ("CUSTOM" if _names_image(nodes) else "AL2023_x86_64_STANDARD")
    nodes.update_config = self._get_param("updateConfig") or {"maxUnavailable": 1}
    nodes.node_repair_config = self._get_param("nodeRepairConfig")
    nodes.disk_size = self._get_param("diskSize") or (None if nodes.launch_template else 20)
    if not self._get_param("remoteAccess"):
        nodes.remote_access = None
        nodes.resources.pop("remoteAccessSecurityGroup", None)
    return answer


def _names_image(nodes: Any) -> bool:
    """Whether the launch template of a node group names an image."""
    from moto.ec2.models import ec2_backends

    template = nodes.launch_template or {}
    if "id" not in template:
        return False
    account = nodes.arn.split(":")[4]
    versions = ec2_backends[account][nodes.region].get_launch_template(template["id"])
    return bool(versions.get_version(template.get("version", "$Default")).image_id)


@of_member("nodegroups", "nodes", "No node group found for name: {nodes}.")
def update_nodegroup_version(request: Request, _cluster: Any, nodes: Any) -> Response:
    """UpdateNodegroupVersion: Kubernetes, image release, or launch template."""
    body = request.json()
    nodes.version = body.get("version") or nodes.version
    nodes.release_version = body.get("releaseVersion") or nodes.release_version
    if body.get("launchTemplate"):
        nodes.launch_template = {**(nodes.launch_template or {}), **body["launchTemplate"]}
    return finished_update("VersionUpdate")


# ── tags ─────────────────────────────────────────────────────────────────────────────────────────────
def _tags_of(backend: Any, arn: str) -> Any:
    """The tags, as a dict, of anything that belongs to a cluster; None for the cluster itself, which moto knows."""
    for cluster in backend.clusters.values():
        for nodes in cluster.nodegroups.values():
            if nodes.arn == arn:
                return nodes.tags
        for profile in cluster.fargate_profiles.values():
            if profile.fargate_profile_arn == arn:
                return profile.tags
        for table in (cluster.addons, cluster.access_entries, cluster.pod_identities, cluster.identity_providers):
            for member in table.values():
                if arn in member.values():
                    return member.setdefault("tags", {})
    return None


def _tag_resource(original: Method, self: Any, resource_arn: str, tags: dict[str, str]) -> None:
    known = _tags_of(self, resource_arn)
    if known is None:
        original(self, resource_arn, tags)
    else:
        known.update(tags)


def _untag_resource(original: Method, self: Any, resource_arn: str, tag_keys: list[str] | str) -> None:
    known = _tags_of(self, resource_arn)
    if known is None:
        original(self, resource_arn, tag_keys)
        return
    for key in [tag_keys] if isinstance(tag_keys, str) else tag_keys:
        known.pop(key, None)


def _list_tags_for_resource(original: Method, self: Any, resource_arn: str) -> Any:
    known = _tags_of(self, resource_arn)
    return original(self, resource_arn) if known is None else known


ROUTES = (
    Route("eks", "POST", f"{CLUSTER}/update-config", update_cluster_config),
    Route("eks", "POST", f"{CLUSTER}/updates", update_cluster_version),
    Route("eks", "GET", f"{CLUSTER}/updates/(?P<update>[^/]+)", describe_update),
    Route("eks", "POST", f"{CLUSTER}/encryption-config/associate", associate_encryption_config),
    Route("eks", "POST", f"{CLUSTER}/node-groups/(?P<nodes>[^/]+)/update-version", update_nodegroup_version),
)
