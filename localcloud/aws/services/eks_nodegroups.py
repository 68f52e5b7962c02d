"""EKS node groups: the settings that moto drops, and updates of their version."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import Request, Response, Route
from localcloud.aws.services.eks_common import CLUSTER, finished_update, of_member


def install() -> None:
    """Keep every setting of nodes; without them Terraform replaces the group in the second plan."""
    from moto.eks.responses import EKSResponse

    wrap(EKSResponse, "create_nodegroup", _create_nodegroup)


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


ROUTES = (Route("eks", "POST", f"{CLUSTER}/node-groups/(?P<nodes>[^/]+)/update-version", update_nodegroup_version),)
