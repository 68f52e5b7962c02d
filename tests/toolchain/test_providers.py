"""Providers come from what is on the machine, users' own settings are respected, and nothing is copied per stack."""

from __future__ import annotations

import os
import stat
import subprocess
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from groundwork.errors import UsageError
from groundwork.paths import Project
from groundwork.toolchain import cli_config, mirror, providers, terraform
from groundwork.toolchain.environment import environment

AWS = "registry.terraform.io/hashicorp/aws"
ROOT = Path(__file__).parents[2]


def lay_out(root: Path, version: str = "5.100.0", platform: str = "linux_amd64") -> Path:
    folder = root / AWS / version / platform
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_v{version}_x5").write_text("")
    return root


def found(environ: dict[str, str], **options: object) -> list[mirror.Mirror]:
    options = {"usual_places": (), "platform": "linux_amd64", **options}
    return mirror.find_mirrors({"XDG_DATA_DIRS": "/nonexistent", **environ}, **options)  # type: ignore[arg-type]


def test_a_mirror_in_a_usual_place_is_found_by_itself(tmp_path: Path) -> None:
    place = lay_out(tmp_path / "opt" / "providers")
    (one,) = found({}, usual_places=[tmp_path / "opt"])
    assert (one.path, one.unpacked) == (place, {AWS: frozenset({"5.100.0"})})


@pytest.mark.parametrize(
    ("below", "variable"),
    [
        (".terraform.d/plugins", "HOME"),
        (".local/share/terraform/plugins", "HOME"),
        ("terraform/plugins", "XDG_DATA_HOME"),
        ("terraform/plugins", "XDG_DATA_DIRS"),
    ],
)
def test_the_directories_terraform_implies_are_found(tmp_path: Path, below: str, variable: str) -> None:
    lay_out(tmp_path / below)
    (one,) = found({variable: str(tmp_path)})
    assert one.path == tmp_path / below


def test_packed_and_unpacked_versions_are_told_apart(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with zipfile.ZipFile(tmp_path / AWS / "terraform-provider-aws_5.99.0_linux_amd64.zip", "w") as opened:
        opened.writestr("x", "")
    one = mirror.inspect(tmp_path, "", "linux_amd64")
    assert (one.unpacked[AWS], one.packed[AWS]) == ({"5.100.0"}, {"5.99.0"})


def test_a_mirror_for_another_platform_is_none(tmp_path: Path) -> None:
    lay_out(tmp_path / "m", platform="windows_amd64")
    assert found({}, usual_places=[tmp_path]) == []


def test_a_named_mirror_is_the_only_one_and_must_hold_something(tmp_path: Path) -> None:
    lay_out(tmp_path / "opt" / "a")
    lay_out(tmp_path / "b")
    (one,) = found({mirror.OPTION: str(tmp_path / "b")}, usual_places=[tmp_path / "opt"])
    assert one.path == tmp_path / "b"
    with pytest.raises(UsageError, match="holds no provider"):
        found({mirror.OPTION: str(tmp_path / "empty")})


def test_a_configuration_that_does_not_exist_counts_as_none(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(tmp_path / "gone")}
    written = cli_config.write(environ, tmp_path / "ours", [mirror.inspect(lay_out(tmp_path / "m"), "", "linux_amd64")])
    assert written == tmp_path / "ours"
    assert f'include = ["{AWS}"]' in written.read_text()
    assert f'exclude = ["{AWS}"]' in written.read_text()


def test_users_who_say_where_providers_come_from_are_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / ".terraformrc"
    theirs.write_text('provider_installation {\n  network_mirror { url = "https://mirror.example.com/" }\n}\n')
    assert cli_config.write({"HOME": str(tmp_path)}, tmp_path / "ours", []) == theirs
    assert not (tmp_path / "ours").exists()


def test_users_credentials_stay_in_force_and_private(tmp_path: Path) -> None:
    (tmp_path / ".terraformrc").write_text('credentials "app.terraform.io" {\n  token = "example"\n}\n')
    written = cli_config.write({"HOME": str(tmp_path)}, tmp_path / "ours", [])
    assert written.read_text().startswith('credentials "app.terraform.io"')
    assert "provider_installation" in written.read_text()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


@pytest.mark.parametrize(("gigabytes", "cores", "runs"), [(0.1, 2, 1), (2, 2, 2), (64, 2, 4), (3, 8, 3)])
def test_runs_side_by_side_fit_into_memory_and_cores(gigabytes: float, cores: int, runs: int) -> None:
    assert providers.parallelism(available_bytes=int(gigabytes * 1e9), cores=cores) == runs


@pytest.mark.parametrize(
    ("limit", "used", "free"),
    [
        ("3000000000", "1000000000", 2_000_000_000),
        ("64000000000", "1000000000", 8_000_000_000),
        ("1000000000", "1000000001", 0),
        ("max", "1000000000", 8_000_000_000),
        (None, None, 8_000_000_000),
    ],
    ids=["less than the machine has", "more than the machine has", "used up", "no limit", "no control group"],
)
def test_the_limit_of_a_container_counts_as_memory_that_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str | None, used: str | None, free: int
) -> None:
    for name, content in (("memory.max", limit), ("memory.current", used)):
        if content:
            (tmp_path / name).write_text(f"{content}\n")
    monkeypatch.setattr(providers, "Path", lambda path: tmp_path / Path(path).relative_to("/sys/fs/cgroup"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8_000_000_000))
    assert providers.free_memory() == free


def test_lock_files_name_the_providers(tmp_path: Path) -> None:
    lock = tmp_path / "a.hcl"
    lock.write_text(f'provider "{AWS}" {{\n  version     = "5.100.0"\n  hashes = [\n    "h1:x",\n  ]\n}}\n')
    assert providers.locked([lock]) == {providers.Provider(AWS, "5.100.0"): lock}


needs_provider = pytest.mark.skipif(
    not any(AWS in one.unpacked for one in mirror.find_mirrors(os.environ)),
    reason="no unpacked mirror with the AWS provider on this machine: name one in GROUNDWORK_PROVIDER_MIRROR",
)


@pytest.mark.terraform
@needs_provider
def test_a_stack_is_initialised_from_the_one_copy_through_a_link_and_quickly(tmp_path: Path) -> None:
    project = Project(tmp_path / "checkout")
    real = terraform.find(os.environ, Project(ROOT), may_download=False)
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / "main.tf").write_text(
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "5.100.0" }\n  }\n}\n'
    )
    environ = environment({**os.environ, "TF_CLI_CONFIG_FILE": str(tmp_path / "gone")}, project, real)
    # An address nobody answers stands for every registry: it must not be needed.
    environ |= {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    began = time.monotonic()
    done = subprocess.run(
        [real.path, "init", "-input=false", "-no-color"],
        cwd=stack,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CLI configuration" not in done.stdout + done.stderr
    assert time.monotonic() - began < 10  # 1 s on an idle machine
    link = stack / ".terraform" / "providers" / AWS / "5.100.0" / "linux_amd64"
    assert link.is_symlink()


@pytest.mark.terraform
@pytest.mark.slow
@needs_provider
def test_a_packed_provider_is_unpacked_once_and_a_missing_one_is_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = Project(tmp_path / "checkout")
    real = terraform.find(os.environ, Project(ROOT), may_download=False)
    packed = tmp_path / "packed" / "registry.terraform.io" / "example" / "tiny"
    packed.mkdir(parents=True)
    with zipfile.ZipFile(packed / "terraform-provider-tiny_1.0.0_linux_amd64.zip", "w") as opened:
        opened.writestr("terraform-provider-tiny_v1.0.0", "#!/bin/sh\n")
    lock = tmp_path / "lock.hcl"
    lock.write_text(
        'provider "registry.terraform.io/example/tiny" {\n  version = "1.0.0"\n}\n'
        'provider "registry.terraform.io/example/other" {\n  version = "2.0.0"\n}\n'
    )
    environ = {**os.environ, mirror.OPTION: str(tmp_path / "packed"), "HTTPS_PROXY": "http://127.0.0.1:1"}
    primed = {one.provider.address: one for one in providers.prime(real, environ, project, [lock])}
    assert primed["registry.terraform.io/example/tiny"].problem == ""
    assert "other" in primed["registry.terraform.io/example/other"].problem
    unpacked = project.cache / "providers" / "registry.terraform.io" / "example" / "tiny" / "1.0.0" / "linux_amd64"
    assert (unpacked / "terraform-provider-tiny_v1.0.0").is_file()
    assert not list((project.cache / "providers").glob(".installing-*"))
