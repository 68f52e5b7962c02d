"""EKS clusters: the settings that moto drops, and updates that end as AWS's do."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import Request, Response, Route
from localcloud.aws.services.eks_common import CLUSTER, finished_update, of_cluster

DEFAULT_VERSION = "1.33"

# Request key → attribute of moto's cluster; all are answered as they were sent.
_PLAIN_SETTINGS = {
    "computeConfig": "compute_config",
    "storageConfig": "storage_config",
    "zonalShiftConfig": "zonal_shift_config",
    "deletionProtection": "deletion_protection",
}


def install() -> None:
    """Keep every setting of a cluster; without them Terraform replaces it in the second plan."""
    from moto.eks.models import Cluster, EKSBackend
    from moto.eks.responses import EKSResponse

    wrap(Cluster, "__init__", _init_cluster)
    wrap(EKSResponse, "create_cluster", _create_cluster)
    wrap(EKSBackend, "delete_cluster", _delete_cluster)


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
    """A certificate in PEM: clients decode the authority of a cluster, and some parse it."""
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
    """Add what AWS adds: the VPC, the endpoint's defaults, and a security group that others refer to."""
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


ROUTES = (
    Route("eks", "POST", f"{CLUSTER}/update-config", update_cluster_config),
    Route("eks", "POST", f"{CLUSTER}/updates", update_cluster_version),
    Route("eks", "GET", f"{CLUSTER}/updates/(?P<update>[^/]+)", describe_update),
    Route("eks", "POST", f"{CLUSTER}/encryption-config/associate", associate_encryption_config),
)
