"""Terraform is found or downloaded, and a download is used only if it is the pinned release."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import signal
import socketserver
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import terraform
from groundwork.toolchain.terraform import terraform_platform


def fake_terraform(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "terraform"
    path.write_text(script(version))
    path.chmod(0o755)
    return path


def script(version: str) -> str:
    return f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n'


def archive(version: str = "1.11.4") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr("terraform", script(version))
        opened.writestr("LICENSE.txt", "x" * 200_000)
    return made.getvalue()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A checkout whose pin is the archive above."""
    made = Project(tmp_path / "checkout")
    made.tools.mkdir(parents=True)
    pin = {
        "version": "1.11.4", "at_least": "1.10.0", "below": "2.0.0", "base_url": "http://127.0.0.1:1",
        "sha256": {terraform_platform(): hashlib.sha256(archive()).hexdigest()},
    }  # fmt: skip
    (made.tools / "terraform.json").write_text(json.dumps(pin))
    return made


class Release:
    """A server of releases: it answers with `body` and `status`, and pauses in the middle if `slow`."""

    def __init__(self) -> None:
        self.body, self.status, self.slow, self.requests = archive(), 200, False, list[str]()
        self.announced: int | None = None
        release = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                release.requests.append(self.path)
                self.send_response(release.status)
                self.send_header("Content-Length", str(release.announced or len(release.body)))
                self.end_headers()
                self.wfile.write(release.body[: len(release.body) // 2])
                self.wfile.flush()
                if release.slow:
                    time.sleep(30)
                self.wfile.write(release.body[len(release.body) // 2 :])

            def log_message(self, *_: object) -> None:
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def release() -> Iterator[Release]:
    made = Release()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def left_over(project: Project) -> list[str]:
    return sorted(path.name for path in project.work.rglob("*") if path.is_file() and path.name != ".lock")


def test_the_terraform_on_path_is_used_if_it_is_in_range(project: Project, tmp_path: Path) -> None:
    old, good = fake_terraform(tmp_path / "old", "1.5.7"), fake_terraform(tmp_path / "good", "1.12.1")
    usable = terraform.find({"PATH": f"{old.parent}:{good.parent}"}, project)
    assert (usable.path, str(usable.version), usable.origin) == (good, "1.12.1", "PATH")


def test_a_named_terraform_wins(project: Project, tmp_path: Path) -> None:
    named = fake_terraform(tmp_path / "named", "1.11.0")
    assert terraform.find({"PATH": "", "TERRAFORM_BINARY_NAME": str(named)}, project).path == named


def test_without_a_download_the_error_names_the_rejected_versions(project: Project, tmp_path: Path) -> None:
    old = fake_terraform(tmp_path / "old", "1.5.7")
    with pytest.raises(ToolMissing, match=r"1\.5\.7") as caught:
        terraform.find({"PATH": str(old.parent)}, project, may_download=False)
    assert caught.value.fix == "make setup"


def test_the_pinned_release_is_downloaded_once(project: Project, release: Release) -> None:
    first = terraform.find({"PATH": ""}, project, base_url=release.url)
    second = terraform.find({"PATH": ""}, project, base_url=release.url)
    assert first == second
    assert first.path.is_relative_to(project.work)
    assert release.requests == [f"/terraform/1.11.4/terraform_1.11.4_{terraform_platform()}.zip"]
    assert left_over(project) == ["terraform"]


def test_a_release_with_another_sum_is_refused_and_not_kept(project: Project, release: Release) -> None:
    release.body = archive("6.6.6")
    with pytest.raises(ToolMissing, match="is committed"):
        terraform.find({"PATH": ""}, project, base_url=release.url)
    assert left_over(project) == []


@pytest.mark.parametrize("announced", [None, 10**6])
def test_a_truncated_download_is_refused_and_not_kept(
    project: Project, release: Release, announced: int | None
) -> None:
    release.body, release.announced = archive()[:-100], announced
    with pytest.raises(ToolMissing):
        terraform.find({"PATH": ""}, project, base_url=release.url)
    assert left_over(project) == []


def test_a_missing_release_is_reported_with_the_servers_status(project: Project, release: Release) -> None:
    release.status = 404
    with pytest.raises(ToolMissing, match="answered 404"):
        terraform.find({"PATH": ""}, project, base_url=release.url)


def test_an_unreachable_server_is_reported(project: Project) -> None:
    with pytest.raises(ToolMissing, match="cannot be downloaded"):
        terraform.find({"PATH": ""}, project)


def test_a_download_that_was_killed_is_started_again(project: Project, release: Release) -> None:
    release.slow = True
    code = (
        "import sys; from pathlib import Path; from groundwork.paths import Project; "
        "from groundwork.toolchain import terraform; "
        "terraform.find({'PATH': ''}, Project(Path(sys.argv[1])), base_url=sys.argv[2])"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(project.root), release.url])
    until = time.monotonic() + 20
    while not any(project.work.rglob("archive")):
        assert time.monotonic() < until
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert "terraform" not in left_over(project)
    release.slow = False
    downloaded = terraform.find({"PATH": ""}, project, base_url=release.url)
    assert stat.S_IMODE(downloaded.path.stat().st_mode) == 0o755
    assert left_over(project) == ["terraform"]


def test_the_committed_pin_covers_the_supported_platform() -> None:
    pin = terraform.Pin.read(Project(Path(__file__).parents[2]))
    assert set(pin.sha256) >= {"linux_amd64", "linux_arm64", "darwin_arm64"}
    assert all(len(value) == 64 for value in pin.sha256.values())
    assert pin.base_url == "https://releases.hashicorp.com"
