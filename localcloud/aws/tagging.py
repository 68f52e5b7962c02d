"""Tags of items in the store: the three REST calls that most services share."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.aws.routing import Request, Response, Route, json_response


def routes(service: str, *, key: str = "tags", path: str = "/tags") -> Sequence[Route]:
    """ListTagsForResource, TagResource and UntagResource for items of the store that have an "arn".

    `key` is how the service spells its tags. ARNs that the store does not know are left to moto.
    """

    def answer(request: Request) -> Response | None:
        arn = request.group("arn")
        for item in request.store.values():
            if isinstance(item, dict) and item.get("arn") == arn:
                return change(request, item.setdefault("tags", {}), key=key)
        return None

    return (Route(service, "*", f"{path}/(?P<arn>.+)", answer),)


def change(request: Request, tags: dict[str, str], *, key: str = "tags") -> Response:
    """Add the tags of a POST or PUT, remove those that a DELETE names, and answer with all of them."""
    if request.method in {"POST", "PUT"}:
        tags.update(request.json()[key])
    elif request.method == "DELETE":
        for name in request.query.get("tagKeys", []):
            tags.pop(name, None)
    return json_response({key: tags})
