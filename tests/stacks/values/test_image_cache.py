"""Which registry an image comes from, as container runtimes read its name."""

from __future__ import annotations

from typing import get_args

import pytest

from stacks.values.image_cache import UPSTREAMS, UpstreamName, split_image


@pytest.mark.parametrize(
    ("image", "host", "repository"),
    [
        ("ghcr.io/acme/hello", "ghcr.io", "acme/hello"),
        ("public.ecr.aws/docker/library/nginx", "public.ecr.aws", "docker/library/nginx"),
        ("registry.acme.example:5000/hello", "registry.acme.example:5000", "hello"),
        ("localhost/hello", "localhost", "hello"),
        ("nginx", "docker.io", "library/nginx"),
        ("acme/hello", "docker.io", "acme/hello"),
        ("docker.io/nginx", "docker.io", "library/nginx"),
        ("index.docker.io/acme/hello", "docker.io", "acme/hello"),
    ],
)
def test_an_image_is_read_as_container_runtimes_read_it(image: str, host: str, repository: str) -> None:
    """github.com/distribution/reference, normalize.go: a host has a dot or a port, or is localhost."""
    assert split_image(image) == (host, repository)


def test_every_registry_that_a_value_can_name_is_known() -> None:
    assert set(get_args(UpstreamName)) == set(UPSTREAMS)
    folders = [upstream.folder for upstream in UPSTREAMS.values()]
    assert len(set(folders)) == len(folders), "two registries would share their copies' names"
