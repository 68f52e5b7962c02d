"""Registries whose images ECR can keep a copy of, and which of them an image comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

UpstreamName = Literal["public.ecr.aws", "registry.k8s.io", "quay.io", "ghcr.io", "docker.io"]
DOCKER_HUB: Final[UpstreamName] = "docker.io"


@dataclass(frozen=True)
class Upstream:
    """A registry that ECR copies from: what ECR calls it, and whether it asks for a user (ECR API reference,
    CreatePullThroughCacheRule). `folder` is part of the copies' names, and short, because ECR takes 30 characters.
    """

    url: str
    folder: str
    needs_credentials: bool = False


UPSTREAMS: Final[Mapping[str, Upstream]] = {
    "public.ecr.aws": Upstream("public.ecr.aws", "public"),
    "registry.k8s.io": Upstream("registry.k8s.io", "k8s"),
    "quay.io": Upstream("quay.io", "quay"),
    "ghcr.io": Upstream("ghcr.io", "ghcr", needs_credentials=True),
    DOCKER_HUB: Upstream("registry-1.docker.io", "docker", needs_credentials=True),
}
"""By the host that images name."""

_OTHER_NAMES = frozenset({"index.docker.io", "registry-1.docker.io"})


def split_image(image: str) -> tuple[str, str]:
    """Host and repository of an image without tag, as container runtimes read it (github.com/distribution/reference).

    The first part is a host where it has a dot or a port or is localhost; otherwise the image is Docker Hub's, whose
    official images are in `library`.
    """
    host, slash, repository = image.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, repository = DOCKER_HUB, image
    if host in _OTHER_NAMES:
        host = DOCKER_HUB
    if host == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return host, repository
