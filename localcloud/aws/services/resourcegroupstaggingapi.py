"""Resource Groups Tagging API: lists what carries a stack's tags, so that `gw recover` finds what no state knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """moto leaves out some of EC2, names flow logs otherwise than AWS, and knows neither ECR nor EKS here."""
    from moto.ec2.models import EC2Backend
    from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

    wrap(EC2Backend, "iter_tagged_resources", _more_of_ec2)
    wrap(ResourceGroupsTaggingAPIBackend, "_get_resources_generator", _more_services)


def _more_of_ec2(original: Callable[..., Any]) -> Callable[..., Any]:
    def iter_tagged_resources(self: Any) -> Iterator[Any]:
        for one in original(self):
            yield replace(one, arn=one.arn.replace(":flow-logs/", ":vpc-flow-log/"))
        more = {
            "elastic-ip": [one.allocation_id for one in self.addresses if one.allocation_id],
            "launch-template": list(self.launch_templates),
            "network-acl": list(self.network_acls),
            "vpc-endpoint": list(self.vpc_end_points),
        }
        for kind, ids in more.items():
            for id_ in ids:
                arn = f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}:{kind}/{id_}"
                yield _tagged(arn, dict(self.tags.get(id_, {})), f"ec2:{kind}")

    return iter_tagged_resources


def _more_services(original: Callable[..., Any]) -> Callable[..., Any]:
    def _get_resources_generator(
        self: Any,
        tag_filters: list[dict[str, Any]] | None = None,
        resource_type_filters: list[str] | None = None,
        resource_arn_list: list[str] | None = None,
    ) -> Iterator[Any]:
        from moto.resourcegroupstaggingapi.models import make_tag_matcher, match_resource_type

        yield from original(self, tag_filters, resource_type_filters, resource_arn_list)
        matches = make_tag_matcher(tag_filters)
        for one in (*_registries(self), *_clusters(self)):
            wanted = not resource_arn_list or one.arn in resource_arn_list
            if (
                one.tags
                and wanted
                and matches(one.tags)
                and match_resource_type(one.resource_type, resource_type_filters)
            ):
                yield one

    return _get_resources_generator


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
