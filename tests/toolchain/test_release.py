"""What a release holds: zips, charts and images, the digests that are signed, and everything unpacked for the SBOM."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

DIGEST, BILL = "d" * 64, "b" * 64
# No container engine builds here: these fakes use folders instead of images. tests/services build real ones.
PODMAN = """#!/bin/sh
echo "podman $*" >>"$NOTES"
case $1 in
pull) echo image ;;
create) echo container ;;
export) tar -c -C "$ROOT_FILES" . ;;
esac
"""
# Before the real gw, which packages functions and charts.
GW = """#!/bin/sh
echo "gw $*" >>"$NOTES"
[ "$1" = images ] || exec "$GW" "$@"
touch dist/users.oci.tar dist/users.sbom.oci.tar
echo '[{"service": "users", "digest": "sha256:DIGEST", "sbom_digest": "sha256:BILL"}]'
"""


def repository(root: Path, checkout: Path) -> Path:
    """A repository with everything that a release is made from."""
    for name in ("lambda_src", "charts"):
        shutil.copytree(checkout / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(checkout / "cdktf.json", root)
    (root / "tools").mkdir()
    shutil.copy(checkout / "tools" / "release.sh", root / "tools")
    service = root / "services" / "users" / "src" / "users"
    service.mkdir(parents=True)
    (service / "main.py").touch()
    (root / "services" / "Dockerfile").write_text("FROM scratch\n")
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "all of it"],
    ):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    return root


def programs(folder: Path) -> Path:
    for name, text in (("podman", PODMAN), ("gw", GW.replace("DIGEST", DIGEST).replace("BILL", BILL))):
        program = folder / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    return folder


def release(root: Path, version: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["tools/release.sh", version],
        cwd=root,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


CHARTS = ("mongodb-1.2.3.tgz", "node-pools-1.2.3.tgz", "service-1.2.3.tgz")


@pytest.mark.slow
def test_a_release_holds_zips_charts_images_and_the_digests_to_sign(tmp_path: Path, checkout: Path) -> None:
    root, notes = repository(tmp_path / "repository", checkout), tmp_path / "notes"
    inside = tmp_path / "image"
    (inside / "app").mkdir(parents=True)
    (inside / "app" / "main.py").write_text("print()")
    ours = [programs(tmp_path / "bin"), checkout / ".venv" / "bin", checkout / ".groundwork" / "bin"]
    path = os.pathsep.join([*(str(folder) for folder in ours), os.environ["PATH"]])
    (root / "dist").mkdir()
    (root / "dist" / "of-an-earlier-release.zip").touch()
    gw = str(checkout / ".venv" / "bin" / "gw")
    done = release(root, "v1.2.3", PATH=path, NOTES=str(notes), ROOT_FILES=str(inside), GW=gw)
    assert done.returncode == 0, done.stderr

    (zip_,) = (root / "dist").glob("*.zip")
    assert "python3.13-arm64" in zip_.name
    assert {file.name for file in (root / "dist").iterdir()} == {
        zip_.name,
        *CHARTS,
        "users.oci.tar",
        "users.sbom.oci.tar",
        "subjects.txt",
    }
    signed = dict(reversed(line.split()) for line in (root / "dist" / "subjects.txt").read_text().splitlines())
    assert signed.pop("users:v1.2.3") == DIGEST
    assert signed.pop("users:v1.2.3.sbom") == BILL
    assert signed == {
        name: hashlib.sha256((root / "dist" / name).read_bytes()).hexdigest() for name in (zip_.name, *CHARTS)
    }
    contents = root / ".groundwork" / "release"
    assert list(contents.glob(f"{zip_.stem}/aws_lambda_powertools-*.dist-info/METADATA"))
    assert (contents / "service" / "Chart.yaml").is_file()
    assert (contents / "users" / "app" / "main.py").is_file()
    did = notes.read_text().splitlines()
    assert "gw images build --platform linux/amd64,linux/arm64 --out dist --json" in did
    assert "podman pull --quiet oci-archive:dist/users.oci.tar" in did


@pytest.mark.parametrize("version", ["", "main", "1.2.3"])
def test_a_wrong_version_is_refused_before_anything_is_removed(tmp_path: Path, checkout: Path, version: str) -> None:
    (tmp_path / "tools").mkdir()
    shutil.copy(checkout / "tools" / "release.sh", tmp_path / "tools")
    (tmp_path / "dist").mkdir()
    done = release(tmp_path, version)
    assert done.returncode == 2
    assert "make release VERSION=v1.2.3" in done.stderr
    assert (tmp_path / "dist").is_dir()
