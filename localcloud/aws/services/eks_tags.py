"""EKS: tags of what belongs to a cluster; moto has those of the cluster itself only."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """Find the tags of node groups, Fargate profiles, add-ons, access entries, associations and OIDC providers."""
    from moto.eks.models import EKSBackend

    wrap(EKSBackend, "tag_resource", _tag_resource)
    wrap(EKSBackend, "untag_resource", _untag_resource)
    wrap(EKSBackend, "list_tags_for_resource", _list_tags_for_resource)


def _tags_of(backend: Any, arn: str) -> Any:
    """The tags, as a dict, of the member of a cluster with this ARN; None for any other ARN."""
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
    member_tags = _tags_of(self, resource_arn)
    if member_tags is None:
        original(self, resource_arn, tags)
    else:
        member_tags.update(tags)


def _untag_resource(original: Method, self: Any, resource_arn: str, tag_keys: list[str] | str) -> None:
    member_tags = _tags_of(self, resource_arn)
    if member_tags is None:
        original(self, resource_arn, tag_keys)
        return
    for key in [tag_keys] if isinstance(tag_keys, str) else tag_keys:
        member_tags.pop(key, None)


def _list_tags_for_resource(original: Method, self: Any, resource_arn: str) -> Any:
    member_tags = _tags_of(self, resource_arn)
    return original(self, resource_arn) if member_tags is None else member_tags
