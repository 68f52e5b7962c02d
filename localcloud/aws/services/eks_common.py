"""What the handlers of EKS calls share."""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud.aws.routing import Request, Response, json_response, not_found, requires

CLUSTER = r"/clusters/(?P<cluster>[^/]+)"

MemberHandler = Callable[[Request, Any, Any], Response]


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
