"""Resource Groups Tagging API: lists what carries a stack's tags, so that `gw recover` finds what no state knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """moto leaves out some of EC2, gives flow logs another name than AWS does, and has neither ECR nor EKS here."""
    from moto.ec2.models import EC2Backend
    from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

    wrap(EC2Backend, "iter_tagged_resources", _iter_tagged_resources)
    wrap(ResourceGroupsTaggingAPIBackend, "_get_resources_generator", _get_resources)


def _iter_tagged_resources(original: Method, self: Any) -> Iterator[Any]:
    for resource in original(self):
        yield replace(resource, arn=resource.arn.replace(":flow-logs/", ":vpc-flow-log/"))
    missing = {
        "elastic-ip": [address.allocation_id for address in self.addresses if address.allocation_id],
        "launch-template": list(self.launch_templates),
        "network-acl": list(self.network_acls),
        "vpc-endpoint": list(self.vpc_end_points),
    }
    for kind, identifiers in missing.items():
        for identifier in identifiers:
            arn = f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}:{kind}/{identifier}"
            yield _tagged(arn, dict(self.tags.get(identifier, {})), f"ec2:{kind}")


def _get_resources(
    original: Method,
    self: Any,
    tag_filters: list[dict[str, Any]] | None = None,
    resource_type_filters: list[str] | None = None,
    resource_arn_list: list[str] | None = None,
) -> Iterator[Any]:
    from moto.resourcegroupstaggingapi.models import make_tag_matcher, match_resource_type

    yield from original(self, tag_filters, resource_type_filters, resource_arn_list)
    matches = make_tag_matcher(tag_filters)
    for resource in (*_registries(self), *_clusters(self)):
        if (
            resource.tags
            and (not resource_arn_list or resource.arn in resource_arn_list)
            and matches(resource.tags)
            and match_resource_type(resource.resource_type, resource_type_filters)
        ):
            yield resource


def _registries(backend: Any) -> Iterator[Any]:
    from moto.ecr.models import ecr_backends

    ecr = ecr_backends[backend.account_id][backend.region_name]
    for repository in ecr.repositories.values():
        yield _tagged(repository.arn, ecr.tagger.get_tag_dict_for_resource(repository.arn), "ecr:repository")


def _clusters(backend: Any) -> Iterator[Any]:
    from moto.eks.models import eks_backends

    for cluster in eks_backends[backend.account_id][backend.region_name].clusters.values():
        yield _tagged(cluster.arn, dict(cluster.tags or {}), "eks:cluster")
        for group in cluster.nodegroups.values():
            yield _tagged(group.arn, dict(group.tags or {}), "eks:nodegroup")


def _tagged(arn: str, tags: dict[str, str], kind: str) -> Any:
    from moto.core.resource_tagging import TaggedResource

    return TaggedResource(arn=arn, tags=tags, resource_type=kind)
