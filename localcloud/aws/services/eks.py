"""EKS clusters and node groups: the settings moto drops, and updates that end as AWS's do."""

from __future__ import annotations

import base64
import functools
import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.aws.patching import wrap
from localcloud.aws.routing import Request, Response, Route, json_error, json_response

DEFAULT_VERSION = "1.33"
CLUSTER = r"/clusters/(?P<cluster>[^/]+)"

# Request key → attribute of moto's cluster; all are answered as they were sent.
_PLAIN_SETTINGS = {
    "computeConfig": "compute_config",
    "storageConfig": "storage_config",
    "zonalShiftConfig": "zonal_shift_config",
    "deletionProtection": "deletion_protection",
}


def install() -> None:
    """Keep every setting of a cluster and of its nodes; without them Terraform replaces both in the second plan."""
    from moto.eks.models import Cluster, EKSBackend
    from moto.eks.responses import EKSResponse

    wrap(Cluster, "__init__", _create_own_parts)
    wrap(EKSResponse, "create_cluster", _create_cluster)
    wrap(EKSBackend, "delete_cluster", _delete_cluster)
    wrap(EKSResponse, "create_nodegroup", _create_nodegroup)
    wrap(EKSBackend, "tag_resource", _tag_resource)
    wrap(EKSBackend, "untag_resource", _untag_resource)
    wrap(EKSBackend, "list_tags_for_resource", _list_tags)


def of_cluster(handler: Callable[[Request, Any], Response]) -> Callable[[Request], Response]:
    """A handler that is also given the cluster named in the path; without such a cluster the answer is EKS's 404."""

    @functools.wraps(handler)
    def handle(request: Request) -> Response:
        from moto.eks.models import eks_backends

        name = request.group("cluster")
        cluster = eks_backends[request.account][request.region].clusters.get(name)
        return not_found(f"No cluster found for name: {name}.") if cluster is None else handler(request, cluster)

    return handle


def not_found(message: str) -> Response:
    """EKS's 404."""
    return json_error("ResourceNotFoundException", message, 404)


def finished_update(kind: str) -> dict[str, Any]:
    """An update that was made at once."""
    now = time.time()
    return {"id": str(uuid.uuid4()), "status": "Successful", "type": kind, "createdAt": now, "errors": [], "params": []}


# ── clusters ───────────────────────────────────────────────────────────────────────────────────────


def _create_own_parts(original: Callable[..., Any]) -> Callable[..., Any]:
    """What belongs to a cluster and dies with it, in wire format; moto shares one OIDC issuer among all clusters."""

    def init(self: Any, *args: Any, **keywords: Any) -> None:
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

    return init


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


def _create_cluster(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_cluster(self: Any) -> Any:
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

    return create_cluster


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


def _delete_cluster(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_cluster(self: Any, name: str) -> Any:
        from moto.ec2.models import ec2_backends

        cluster = original(self, name=name)
        ec2 = ec2_backends[self.account_id][self.region_name]
        group = cluster.resources_vpc_config.get("clusterSecurityGroupId")
        if group and ec2.get_security_group_from_id(group):
            ec2.delete_security_group(group_id=group)
        return cluster

    return delete_cluster


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
    return json_response({"update": finished_update("ConfigUpdate")})


@of_cluster
def update_cluster_version(request: Request, cluster: Any) -> Response:
    """UpdateClusterVersion."""
    cluster.version = request.json()["version"]
    return json_response({"update": finished_update("VersionUpdate")})


@of_cluster
def associate_encryption_config(request: Request, cluster: Any) -> Response:
    """AssociateEncryptionConfig."""
    cluster.encryption_config = request.json()["encryptionConfig"]
    return json_response({"update": finished_update("AssociateEncryptionConfig")})


def describe_update(request: Request) -> Response:
    """DescribeUpdate: whatever was asked for has been done."""
    return json_response({"update": {**finished_update("ConfigUpdate"), "id": request.group("update")}})


# ── node groups ────────────────────────────────────────────────────────────────────────────────────


def _create_nodegroup(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto invents an SSH key and a security group for it, and forgets how nodes are updated and repaired."""

    def create_nodegroup(self: Any) -> Any:
        answer = original(self)
        cluster = self.eks_backend.clusters[self._get_param("name")]
        nodes = cluster.nodegroups[self._get_param("nodegroupName")]
        nodes.version = self._get_param("version") or cluster.version
        nodes.release_version = self._get_param("releaseVersion") or f"{nodes.version}.3-20250920"
        nodes.ami_type = self._get_param("amiType") or ("CUSTOM" if _own_image(nodes) else "AL2023_x86_64_STANDARD")
        nodes.update_config = self._get_param("updateConfig") or {"maxUnavailable": 1}
        nodes.node_repair_config = self._get_param("nodeRepairConfig")
        nodes.disk_size = self._get_param("diskSize") or (None if nodes.launch_template else 20)
        if not self._get_param("remoteAccess"):
            nodes.remote_access = None
            nodes.resources.pop("remoteAccessSecurityGroup", None)
        return answer

    return create_nodegroup


def _own_image(nodes: Any) -> bool:
    """Whether the launch template of a node group names an image."""
    from moto.ec2.models import ec2_backends

    template = nodes.launch_template or {}
    if "id" not in template:
        return False
    account = nodes.arn.split(":")[4]
    versions = ec2_backends[account][nodes.region].get_launch_template(template["id"])
    return bool(versions.get_version(template.get("version", "$Default")).image_id)


@of_cluster
def update_nodegroup_version(request: Request, cluster: Any) -> Response:
    """UpdateNodegroupVersion: Kubernetes, image release, or launch template."""
    nodes = cluster.nodegroups.get(request.group("nodes"))
    if nodes is None:
        return not_found(f"No node group found for name: {request.group('nodes')}.")
    body = request.json()
    nodes.version = body.get("version") or nodes.version
    nodes.release_version = body.get("releaseVersion") or nodes.release_version
    if body.get("launchTemplate"):
        nodes.launch_template = {**(nodes.launch_template or {}), **body["launchTemplate"]}
    return json_response({"update": finished_update("VersionUpdate")})


# ── tags ───────────────────────────────────────────────────────────────────────────────────────────


def _tags_of(backend: Any, arn: str) -> dict[str, str] | None:
    """The tags of anything that belongs to a cluster; moto knows those of the cluster itself only."""
    for cluster in backend.clusters.values():
        for nodes in cluster.nodegroups.values():
            if nodes.arn == arn:
                return _tags(nodes)
        for profile in cluster.fargate_profiles.values():
            if profile.fargate_profile_arn == arn:
                return _tags(profile)
        for kind in (cluster.addons, cluster.access_entries, cluster.pod_identities, cluster.identity_providers):
            for values in kind.values():
                if arn in values.values():
                    tags: dict[str, str] = values.setdefault("tags", {})
                    return tags
    return None


def _tags(owner: Any) -> dict[str, str]:
    tags: dict[str, str] = owner.tags
    return tags


def _tag_resource(original: Callable[..., Any]) -> Callable[..., Any]:
    def tag_resource(self: Any, resource_arn: str, tags: dict[str, str]) -> None:
        known = _tags_of(self, resource_arn)
        if known is None:
            original(self, resource_arn, tags)
        else:
            known.update(tags)

    return tag_resource


def _untag_resource(original: Callable[..., Any]) -> Callable[..., Any]:
    def untag_resource(self: Any, resource_arn: str, tag_keys: list[str] | str) -> None:
        known = _tags_of(self, resource_arn)
        if known is None:
            original(self, resource_arn, tag_keys)
            return
        for key in [tag_keys] if isinstance(tag_keys, str) else tag_keys:
            known.pop(key, None)

    return untag_resource


def _list_tags(original: Callable[..., Any]) -> Callable[..., Any]:
    def list_tags_for_resource(self: Any, resource_arn: str) -> Any:
        known = _tags_of(self, resource_arn)
        return original(self, resource_arn) if known is None else known

    return list_tags_for_resource


ROUTES = (
    Route("eks", "POST", f"{CLUSTER}/update-config", update_cluster_config),
    Route("eks", "POST", f"{CLUSTER}/updates", update_cluster_version),
    Route("eks", "GET", f"{CLUSTER}/updates/(?P<update>[^/]+)", describe_update),
    Route("eks", "POST", f"{CLUSTER}/encryption-config/associate", associate_encryption_config),
    Route("eks", "POST", f"{CLUSTER}/node-groups/(?P<nodes>[^/]+)/update-version", update_nodegroup_version),
)
