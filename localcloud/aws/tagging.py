"""Tags of what lies in the store: the three REST calls that most services share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_response


def routes(service: str, *, key: str = "tags", path: str = "/tags") -> Sequence[Route]:
    """ListTagsForResource, TagResource and UntagResource for items of the store that have an "arn".

    `key` is how the service spells its tags. ARNs the store does not know are left to moto.
    """

    def answer(request: Request) -> Response | None:
        item = _find(request)
        if item is None:
            return None
        tags: dict[str, str] = item.setdefault("tags", {})
        if request.method == "POST":
            tags.update(request.json()[key])
        elif request.method == "DELETE":
            for name in request.query.get("tagKeys", []):
                tags.pop(name, None)
        return json_response({key: tags})

    return (Route(service, "*", f"{path}/(?P<arn>.+)", answer),)


def _find(request: Request) -> dict[str, Any] | None:
    arn = request.group("arn")
    for item in request.store.values():
        if isinstance(item, dict) and item.get("arn") == arn:
            return item
    return None
