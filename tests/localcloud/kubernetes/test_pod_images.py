"""An image that the embedded node lacks is named at once: its pods would wait until Helm gives up after minutes."""

from __future__ import annotations

import pytest

from groundwork.errors import ReleaseFailed
from localcloud.kubernetes.pod_images import images_of, require


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("redis", "docker.io/library/redis:latest"),
        ("redis:7", "docker.io/library/redis:7"),
        ("dpage/pgadmin4:9.8", "docker.io/dpage/pgadmin4:9.8"),
        ("ghcr.io/stefanprodan/podinfo:6.9.1", "ghcr.io/stefanprodan/podinfo:6.9.1"),
        ("localhost/groundwork/ledger:abc", "localhost/groundwork/ledger:abc"),
        ("registry:5000/team/app", "registry:5000/team/app:latest"),
        (f"app@sha256:{'0' * 64}", f"docker.io/library/app@sha256:{'0' * 64}"),
    ],
)
def test_an_image_is_named_as_containerd_names_it(written: str, known: str) -> None:
    assert list(images_of({"spec": {"containers": [{"name": "app", "image": written}]}})) == [known]


def test_images_are_found_in_deployments_jobs_and_their_init_containers() -> None:
    pod = {"initContainers": [{"image": "one:1"}], "containers": [{"image": "two:2"}, {"image": "three:3"}]}
    deployment = {"kind": "Deployment", "spec": {"template": {"spec": pod}}}
    cron_job = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}
    names = [f"docker.io/library/{each}" for each in ("one:1", "two:2", "three:3")]
    assert list(images_of(deployment)) == list(images_of([cron_job])) == names


def test_a_missing_image_is_named_with_the_command_that_loads_it() -> None:
    require(["a:1"], ["a:1", "b:1"], release="helm_release.hello")
    with pytest.raises(ReleaseFailed, match=r"helm_release\.hello needs c:1, d:1, which the embedded node") as refused:
        require(["d:1", "a:1", "c:1"], ["a:1"], release="helm_release.hello")
    assert "docker save c:1 > image.tar; gw images load --archive image.tar" in str(refused.value.fix)
