"""What commands print where a machine lacks something for pods, and what an image's name stands for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from groundwork.cli import kubernetes_programs
from groundwork.cli.local import ports_of
from groundwork.errors import ToolMissing, UsageError
from groundwork.paths import Project
from localcloud.kubernetes.layout import Layout
from localcloud.kubernetes.node import machine
from stacks.images.builder import Builder, image_of, services
from stacks.laptop.surroundings import Surrounded


@pytest.fixture
def folder(checkout: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "services"
    shutil.copytree(checkout / "services", copy, ignore=shutil.ignore_patterns(".venv", "*_cache", "__pycache__"))
    return copy


def test_the_tag_changes_with_the_sources_and_the_base_alone(folder: Path) -> None:
    before = image_of("ledger", folder, "base@sha256:1").tag
    (folder / "users" / "src" / "users" / "extra.py").write_text("")
    (folder / "ledger" / "tests" / "extra.py").write_text("")
    assert image_of("ledger", folder, "base@sha256:1").tag == before
    assert image_of("ledger", folder, "base@sha256:2").tag != before
    (folder / "servicekit" / "src" / "servicekit" / "extra.py").write_text("")
    assert image_of("ledger", folder, "base@sha256:1").tag != before


def test_an_unknown_service_is_answered_with_the_known_ones(folder: Path) -> None:
    assert services(folder) == ["ledger", "market", "transactions", "users"]
    with pytest.raises(UsageError, match="no service ledgr") as raised:
        image_of("ledgr", folder, "base")
    assert raised.value.fix == "name one of ledger, market, transactions, users"


def test_a_machine_without_an_engine_is_told_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing) as raised:
        Builder.find({"PATH": str(tmp_path)})
    assert raised.value.fix == "install one of buildah, podman, docker"


def test_who_is_not_root_gets_the_api_alone_and_the_reason(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    chosen = kubernetes_programs.choose(os.environ, Project(checkout))
    assert not chosen.node
    assert "only root" in chosen.reasons[0]


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(machine, "which", lambda name: None if name in {"nft", "runc", "crun"} else f"/usr/bin/{name}")
    assert machine.problems()[:2] == [
        "nft is missing: apt install nftables",
        "a container runtime is missing: apt install runc",
    ]


def test_pods_get_the_nodes_address_for_loopback() -> None:
    surrounded = Surrounded(
        {"users": {"DATABASE_URL": "postgresql://u@127.0.0.1:6001/d", "UP": "http://127.0.0.1:6002", "N": "1"}}
    )
    assert surrounded.inside("users") == {
        "DATABASE_URL": "postgresql://u@10.88.0.1:6001/d", "UP": "http://10.88.0.1:6002", "N": "1",
    }  # fmt: skip
    assert surrounded.all_ports() == {6001: 6001, 6002: 6002}


@pytest.mark.parametrize("text", ["8080", "8080:", "a:1", "1:2:3", "0:1", "1:70000"])
def test_published_ports_are_two_numbers(text: str) -> None:
    assert ports_of("8080:30080") == (8080, 30080)
    with pytest.raises(UsageError, match="not two ports"):
        ports_of(text)


def test_certificates_are_private_and_stay_until_they_are_old(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "kubernetes")
    certificates = layout.certificates
    layout.prepare()
    first = certificates.key("apiserver").read_bytes()
    assert all(certificates.key(name).stat().st_mode & 0o077 == 0 for name in ("ca", "apiserver", "kubelet"))
    layout.prepare()
    assert certificates.key("apiserver").read_bytes() == first
    os.utime(certificates.certificate("kubelet"), (0, 0))
    layout.prepare()
    assert certificates.key("apiserver").read_bytes() != first
