"""The images that pods of rendered objects run, by the names under which a node has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from groundwork.errors import ReleaseFailed

_CONTAINERS = ("initContainers", "containers")


def images_of(document: Any) -> Iterator[str]:
    """The full names of the images of all containers, wherever in an object its pod stands."""
    match document:
        case str():
            return
        case Mapping():
            for key, value in document.items():
                if key in _CONTAINERS:
                    yield from (_full_name(str(container["image"])) for container in value if "image" in container)
                else:
                    yield from images_of(value)
        case Sequence():
            for value in document:
                yield from images_of(value)


def require(needed: Collection[str], present: Collection[str], *, release: str) -> None:
    """Raise ReleaseFailed where a node that pulls nothing lacks an image: its pods would wait until Helm gives up."""
    if missing := sorted(set(needed) - set(present)):
        raise ReleaseFailed(
            f"{release} needs {', '.join(missing)}, which the embedded node does not have and never pulls",
            fix=f"docker pull {missing[0]}; docker save {missing[0]} > image.tar; gw images load --archive image.tar. "
            "Or start without containers: gw local down; gw local up --kubernetes --api-only",
        )


def _full_name(name: str) -> str:
    """As containerd completes it: docker.io/library/redis:latest for redis (distribution's reference, "normalize")."""
    host, slash, rest = name.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        name = f"docker.io/{name if slash else f'library/{name}'}"
        rest = name
    return name if ":" in rest.rpartition("/")[2] or "@" in rest else f"{name}:latest"
