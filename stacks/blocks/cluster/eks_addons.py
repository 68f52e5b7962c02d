"""EKS add-ons at exact versions, in two waves: what nodes need to become ready, and what needs nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.eks_addon import EksAddon
from constructs import Construct

from stacks.blocks.cluster.pod_identity import PodIdentity
from stacks.values import Names

BEFORE_NODES: Final = frozenset({"vpc-cni", "kube-proxy", "eks-pod-identity-agent"})


@dataclass(frozen=True)
class _Identity:
    """The service account of an add-on and the AWS-managed policy, written for it alone, that it needs."""

    service_account: str
    policy: str


_IDENTITIES: Final = {
    "vpc-cni": _Identity("aws-node", "AmazonEKS_CNI_Policy"),
    "aws-ebs-csi-driver": _Identity("ebs-csi-controller-sa", "AmazonEBSCSIDriverPolicyV2"),
}


class EksAddons(Construct):
    """The add-ons of a cluster. `before_nodes` and `after_nodes` are made separately, so that nodes fit in between.

    `tags` are for the network interfaces that the CNI adds to nodes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        cluster_name: str,
        cluster_arn: str,
        versions: Mapping[str, str],
        has_nodes: bool,
        prefix_delegation: bool,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self._names = names
        self._cluster_name = cluster_name
        self._cluster_arn = cluster_arn
        self._versions = versions
        self._has_nodes = has_nodes
        self._prefix_delegation = prefix_delegation
        self._tags = tags
        self.addons: dict[str, EksAddon] = {}

    def before_nodes(self) -> list[ITerraformDependable]:
        """Make networking and Pod Identity, without which a node never becomes ready."""
        return [self._add(name, after=[]) for name in sorted(set(self._versions) & BEFORE_NODES)]

    def after_nodes(self, nodes: Sequence[ITerraformDependable]) -> None:
        """Make the others, whose pods need `nodes` to run on."""
        for name in sorted(set(self._versions) - BEFORE_NODES):
            self._add(name, after=nodes)

    def _add(self, name: str, *, after: Sequence[ITerraformDependable]) -> EksAddon:
        permissions = self._permissions(name)
        settings = self._settings(name)
        self.addons[name] = EksAddon(
            self,
            name,
            cluster_name=self._cluster_name,
            addon_name=name,
            addon_version=self._versions[name],
            configuration_values=json.dumps(settings, sort_keys=True) if settings else None,
            # What the code says holds, also where someone has edited the objects in the cluster.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            depends_on=[*after, *permissions] or None,
        )
        return self.addons[name]

    def _permissions(self, name: str) -> list[ITerraformDependable]:
        needed = _IDENTITIES.get(name)
        if needed is None:
            return []
        identity = PodIdentity(
            self,
            f"{name}-identity",
            names=self._names,
            name=name,
            cluster_name=self._cluster_name,
            cluster_arn=self._cluster_arn,
            namespace="kube-system",
            service_account=needed.service_account,
        )
        policy = identity.role.attach("policy", self._names.aws.managed_policy_arn(needed.policy))
        return [identity.association, policy]

    def _settings(self, name: str) -> dict[str, Any] | None:
        if name == "vpc-cni":
            return {
                # Without it NetworkPolicy objects are accepted and ignored.
                "enableNetworkPolicy": "true",
                "env": {
                    "ADDITIONAL_ENI_TAGS": json.dumps(dict(self._tags), sort_keys=True),
                    # One block of 16 in reserve, as AWS recommends; more would hold addresses that nobody uses.
                    **(
                        {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}
                        if self._prefix_delegation
                        else {}
                    ),
                },
            }
        if name == "aws-ebs-csi-driver":
            # EKS has no default StorageClass of its own: a claim that names none would stay pending. The driver makes
            # gp3 volumes, and the account encrypts every volume (`singletons.encrypt_disks`).
            return {"defaultStorageClass": {"enabled": True}}
        if name == "coredns" and not self._has_nodes:
            # coredns is annotated for EC2 by default and would stay pending.
            return {"computeType": "Fargate"}
        return None
