"""Images in a registry that signs in, makes no repositories and moves no tags, as ECR does not; skopeo is the real one.

The same holds for `gw images push` and for the step of the release workflow, which runs no code of the repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from groundwork.cli import application
from groundwork.errors import ReleaseFailed, ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from stacks.images import oci_archive, sbom
from stacks.images.builder import image_of
from stacks.images.image_registry import ImageRegistry
from tests.services.sample_archives import INDEX, index
from tests.support.processes import free_port, wait_for_answer
from tests.workflows.checklist import load

pytestmark = pytest.mark.slow

PREFIX = "acme-dev"
SIGNED_IN = ("AWS", "a token of ECR")
NO_TLS = ("--tls-verify=false",)
"""For `skopeo login`, which alone does not read registries.conf."""


@dataclass(frozen=True)
class Running:
    """The registry, and the environment of a user who is logged in there."""

    address: str
    environ: dict[str, str]

    def manifest(self, name: str) -> httpx.Response:
        repository, _, reference = name.partition(":")
        url = f"http://{self.address}/v2/{PREFIX}/{repository}/manifests/{reference}"
        return httpx.get(url, auth=SIGNED_IN, headers={"Accept": "*/*"})


@pytest.fixture(scope="module")
def skopeo() -> Path:
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("skopeo is not on PATH: apt-get install skopeo")
    return Path(program)


@pytest.fixture
def running(tmp_path: Path, checkout: Path, skopeo: Path) -> Iterator[Running]:
    """A registry with the repository `users` alone; whoever comes without TLS is let in on loopback."""
    program = go_tools.ensure("registry", os.environ, Project(checkout)).path
    address = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen(
        [program, "-listen", address, "-repositories", f"{PREFIX}/users"],
        env={"REGISTRY_PASSWORD": SIGNED_IN[1]},
        text=True,
        stderr=subprocess.PIPE,
    )
    settings = tmp_path / ".config" / "containers" / "registries.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json"),
    }
    try:
        wait_for_answer(f"http://{address}/v2/", server, status=401)
        yield Running(address, environ)
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture
def registry(running: Running, skopeo: Path) -> ImageRegistry:
    login = [str(skopeo), "login", *NO_TLS, "--username", SIGNED_IN[0], "--password-stdin", running.address]
    subprocess.run(login, input=SIGNED_IN[1], text=True, env=running.environ, check=True, capture_output=True)
    return ImageRegistry.find(f"{running.address}/{PREFIX}/", running.environ)


@pytest.mark.row("0.6", "1.3", "2.5")
def test_an_index_is_pushed_once_with_the_digest_of_its_archive(
    registry: ImageRegistry, running: Running, tmp_path: Path
) -> None:
    archive = index(tmp_path / "users.oci.tar", "one")
    assert registry.push(archive, "users:1") == "pushed"
    assert registry.push(archive, "users:1") == "unchanged"
    content = oci_archive.read(archive)
    answer = running.manifest("users:1")
    assert answer.headers["Docker-Content-Digest"] == content.digest
    assert answer.headers["Content-Type"] == INDEX
    assert set(content.platforms) == {"linux/amd64", "linux/arm64"}
    for digest in content.platforms.values():
        assert running.manifest(f"users:{digest}").status_code == 200, "a function on Lambda takes it by this digest"


def test_another_image_under_a_pushed_tag_is_refused(registry: ImageRegistry, tmp_path: Path) -> None:
    registry.push(index(tmp_path / "users.oci.tar", "one"), "users:1")
    other = index(tmp_path / "other.oci.tar", "two")
    with pytest.raises(ReleaseFailed, match=r"users:1 is another image, sha256:\w+, than .*other") as raised:
        registry.push(other, "users:1")
    assert raised.value.fix == "push it under another tag (--tag): a tag never moves"
    assert registry.push(other, "users:2") == "pushed"


def test_what_the_registry_has_is_not_pushed_again(registry: ImageRegistry, tmp_path: Path) -> None:
    """A registry whose tags move would take it."""

    class Looking(ImageRegistry):
        def _run(self, *words: str) -> Any:
            assert words[0] == "inspect"
            return super()._run(*words)

    first, second = (index(tmp_path / f"{text}.oci.tar", text) for text in ("one", "two"))
    registry.push(first, "users:1")
    looking = Looking(registry.skopeo, registry.place, registry.environ)
    assert looking.push(first, "users:1") == "unchanged"
    with pytest.raises(ReleaseFailed, match="another image"):
        looking.push(second, "users:1")


def test_who_loses_a_race_sees_what_won(registry: ImageRegistry, tmp_path: Path) -> None:
    """Between a look and a push somebody else pushes: the same image, then another one."""

    class Late(ImageRegistry):
        def _run(self, *words: str) -> Any:
            if words[0] == "copy":
                registry.push(first, words[-1].rpartition("/")[2])
            return super()._run(*words)

    first = index(tmp_path / "first.oci.tar", "one")
    late = Late(registry.skopeo, registry.place, registry.environ)
    assert late.push(first, "users:1") == "unchanged"
    with pytest.raises(ReleaseFailed, match="another image"):
        late.push(index(tmp_path / "second.oci.tar", "two"), "users:2")


def test_a_refusal_names_what_to_look_at(registry: ImageRegistry, tmp_path: Path) -> None:
    archive = index(tmp_path / "users.oci.tar", "one")
    with pytest.raises(ReleaseFailed, match="does not exist") as raised:
        registry.push(archive, "ledger:1")
    assert "delivery.images" in str(raised.value.fix)
    stranger = replace(registry, environ={**registry.environ, "REGISTRY_AUTH_FILE": str(tmp_path / "nothing.json")})
    with pytest.raises(ReleaseFailed, match="is not pushed") as raised:
        stranger.push(archive, "users:1")
    assert "skopeo login" in str(raised.value.fix)
    with pytest.raises(ToolMissing, match="pushes images"):
        ImageRegistry.find("registry", {"PATH": str(tmp_path)})


def test_an_sbom_lies_beside_its_image(registry: ImageRegistry, running: Running, tmp_path: Path) -> None:
    """Its manifest names the image as its subject, from which a registry answers "referrers" (OCI distribution 1.1)."""
    archive = index(tmp_path / "users.oci.tar", "one")
    content, bill = oci_archive.read(archive), tmp_path / "users.sbom.oci.tar"
    oci_archive.write_attached(bill, b'{"bomFormat": "CycloneDX"}', kind=sbom.MEDIA_TYPE, subject=content)
    registry.push(archive, "users:1")
    assert registry.push(bill, "users:1.sbom") == "pushed"
    assert registry.push(bill, "users:1.sbom") == "unchanged"
    manifest = running.manifest("users:1.sbom").json()
    assert (manifest["subject"]["digest"], manifest["artifactType"]) == (content.digest, sbom.MEDIA_TYPE)
    (layer,) = manifest["layers"]
    url = f"http://{running.address}/v2/{PREFIX}/users/blobs/{layer['digest']}"
    assert httpx.get(url, auth=SIGNED_IN).json() == {"bomFormat": "CycloneDX"}


@pytest.mark.row("2.5")
def test_gw_pushes_images_with_their_sboms_and_prints_digests(
    registry: ImageRegistry, running: Running, noting_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it pushes was built before, of the same sources: buildah is not called."""
    image = image_of("users", noting_project.root / "services", "base")
    folder = noting_project.work / "images"
    folder.mkdir(parents=True)
    content = oci_archive.read(index(folder / "users.oci.tar", "one", tag=image.tag))
    oci_archive.write_attached(folder / "users.sbom.oci.tar", b"{}", kind=sbom.MEDIA_TYPE, subject=content)
    for name in ("HOME", "REGISTRY_AUTH_FILE"):
        monkeypatch.setenv(name, running.environ[name])
    for words, tag in (([], image.tag), (["--tag", "v1.0.0"], "v1.0.0")):
        for result in ("pushed", "unchanged"):
            command = ["images", "push", registry.place, "users", "--base", "base", *words]
            done = CliRunner().invoke(application(), command)
            assert done.exit_code == 0, done.output
            assert done.stdout.splitlines() == [f"{registry.place}/users@{content.digest} {result}"]
        assert running.manifest(f"users:{tag}").headers["Docker-Content-Digest"] == content.digest
        assert running.manifest(f"users:{tag}.sbom").json()["subject"]["digest"] == content.digest
    assert not noting_project.root.with_name("bin").joinpath("words").exists()


# ── the step of the release workflow ───────────────────────────────────────────────────────────────
def released(running: Running, skopeo: Path, folder: Path, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run the step as GitHub does, on the artifact in `folder`; its `aws` gives the registry's token."""
    (step,) = [
        step["run"]
        for step in load(checkout / ".github" / "workflows" / "release.yml")["jobs"]["push"]["steps"]
        if "run" in step
    ]
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    token = f'[ "$*" = "ecr get-login-password" ] && echo "{SIGNED_IN[1]}"'
    login = f'[ "$1" = login ] && shift && set -- login {NO_TLS[0]} "$@"\nexec {skopeo} "$@"'
    for name, script in (("aws", token), ("skopeo", login)):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    about = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "REGISTRY": f"{running.address}/{PREFIX}",
        "GITHUB_REF_NAME": "v1.0.0",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }
    return subprocess.run(
        ["bash", "-e", "-c", step],
        cwd=folder,
        env={**running.environ, **about},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.row("0.6", "1.3", "2.5")
def test_a_release_pushes_what_was_built_and_may_run_again(
    running: Running, skopeo: Path, checkout: Path, tmp_path: Path
) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    content = oci_archive.read(index(dist / "users.oci.tar", "one"))
    oci_archive.write_attached(dist / "users.sbom.oci.tar", b"{}", kind=sbom.MEDIA_TYPE, subject=content)
    for _ in range(2):
        done = released(running, skopeo, tmp_path, checkout)
        assert done.returncode == 0, done.stderr
    assert running.manifest("users:v1.0.0").headers["Docker-Content-Digest"] == content.digest
    assert running.manifest("users:v1.0.0.sbom").json()["subject"]["digest"] == content.digest
    assert f"users:v1.0.0@{content.digest}" in (tmp_path / "summary.md").read_text()

    index(dist / "users.oci.tar", "two")
    done = released(running, skopeo, tmp_path, checkout)
    assert done.returncode != 0
    assert "users:v1.0.0 is another image than users.oci.tar; release it as another version" in done.stdout
    assert running.manifest("users:v1.0.0").headers["Docker-Content-Digest"] == content.digest
