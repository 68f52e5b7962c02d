"""Providers come from the machine's mirrors, users' own settings are respected, and no stack copies a provider."""

from __future__ import annotations

import os
import stat
import subprocess
import zipfile
from pathlib import Path

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


def find_mirrors(environ: dict[str, str], **options: object) -> list[mirror.Mirror]:
    options = {"usual_places": (), "platform": "linux_amd64", **options}
    return mirror.find_mirrors({"XDG_DATA_DIRS": "/nonexistent", **environ}, **options)  # type: ignore[arg-type]


def test_a_mirror_in_a_usual_place_is_found_by_itself(tmp_path: Path) -> None:
    place = lay_out(tmp_path / "opt" / "providers")
    (only,) = find_mirrors({}, usual_places=[tmp_path / "opt"])
    assert (only.path, only.unpacked) == (place, {AWS: frozenset({"5.100.0"})})


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
    (only,) = find_mirrors({variable: str(tmp_path)})
    assert only.path == tmp_path / below


def test_packed_and_unpacked_versions_are_listed_separately(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with zipfile.ZipFile(tmp_path / AWS / "terraform-provider-aws_5.99.0_linux_amd64.zip", "w") as opened:
        opened.writestr("x", "")
    folder = mirror.inspect(tmp_path, "", "linux_amd64")
    assert (folder.unpacked[AWS], folder.packed[AWS]) == ({"5.100.0"}, {"5.99.0"})


def test_a_mirror_for_another_platform_is_ignored(tmp_path: Path) -> None:
    lay_out(tmp_path / "m", platform="windows_amd64")
    assert find_mirrors({}, usual_places=[tmp_path]) == []


def test_a_named_mirror_is_the_only_one_and_must_hold_something(tmp_path: Path) -> None:
    lay_out(tmp_path / "opt" / "a")
    lay_out(tmp_path / "b")
    (only,) = find_mirrors({mirror.OPTION: str(tmp_path / "b")}, usual_places=[tmp_path / "opt"])
    assert only.path == tmp_path / "b"
    with pytest.raises(UsageError, match="holds no provider"):
        find_mirrors({mirror.OPTION: str(tmp_path / "empty")})


def test_a_configuration_file_that_does_not_exist_is_ignored(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(tmp_path / "gone")}
    written = cli_config.write(environ, tmp_path / "ours", [mirror.inspect(lay_out(tmp_path / "m"), "", "linux_amd64")])
    assert written == tmp_path / "ours"
    assert f'include = ["{AWS}"]' in written.read_text()
    assert f'exclude = ["{AWS}"]' in written.read_text()


def test_a_users_own_source_of_providers_is_used_unchanged(tmp_path: Path) -> None:
    users_file = tmp_path / ".terraformrc"
    users_file.write_text('provider_installation {\n  network_mirror { url = "https://mirror.example.com/" }\n}\n')
    assert cli_config.write({"HOME": str(tmp_path)}, tmp_path / "ours", []) == users_file
    assert not (tmp_path / "ours").exists()


def test_users_credentials_stay_valid_and_private(tmp_path: Path) -> None:
    (tmp_path / ".terraformrc").write_text('credentials "app.terraform.io" {\n  token = "example"\n}\n')
    written = cli_config.write({"HOME": str(tmp_path)}, tmp_path / "ours", [])
    assert written.read_text().startswith('credentials "app.terraform.io"')
    assert "provider_installation" in written.read_text()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_lock_files_name_the_providers(tmp_path: Path) -> None:
    lock = tmp_path / "a.hcl"
    lock.write_text(f'provider "{AWS}" {{\n  version     = "5.100.0"\n  hashes = [\n    "h1:x",\n  ]\n}}\n')
    assert providers.locked([lock]) == {providers.Provider(AWS, "5.100.0"): lock}


needs_provider = pytest.mark.skipif(
    not any(AWS in folder.unpacked for folder in mirror.find_mirrors(os.environ)),
    reason="no unpacked mirror with the AWS provider on this machine: name one in GROUNDWORK_PROVIDER_MIRROR",
)


@pytest.mark.terraform
@needs_provider
def test_a_stack_links_to_the_unpacked_provider_and_needs_no_registry(tmp_path: Path) -> None:
    project = Project(tmp_path / "checkout")
    real = terraform.find(os.environ, Project(ROOT), may_download=False)
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / "main.tf").write_text(
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "5.100.0" }\n  }\n}\n'
    )
    environ = environment({**os.environ, "TF_CLI_CONFIG_FILE": str(tmp_path / "gone")}, project, real)
    # A proxy that does not answer: no registry is needed.
    environ |= {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
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
    primed = {result.provider.address: result for result in providers.prime(real, environ, project, [lock])}
    assert primed["registry.terraform.io/example/tiny"].problem == ""
    assert "other" in primed["registry.terraform.io/example/other"].problem
    unpacked = project.cache / "providers" / "registry.terraform.io" / "example" / "tiny" / "1.0.0" / "linux_amd64"
    assert (unpacked / "terraform-provider-tiny_v1.0.0").is_file()
    assert not list((project.cache / "providers").glob(".installing-*"))
