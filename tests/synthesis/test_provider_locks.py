from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from groundwork.synthesis import jsii_process, lock_file, provider_locks
from groundwork.synthesis.lock_completion import check_locks, complete_locks
from groundwork.synthesis.lock_file import LockFileError, Provider

AWS = Provider("registry.terraform.io/hashicorp/aws", "5.100.0")
HELM = Provider("registry.terraform.io/hashicorp/helm", "3.1.1")
ONE = ("linux_amd64",)


def synthesise(out: Path, **stacks: dict[str, str]) -> None:
    """A cdktf.out whose stacks need these providers: name → version."""
    entries = {}
    for name, providers in stacks.items():
        folder = out / "stacks" / name
        folder.mkdir(parents=True)
        required = {provider: {"source": provider, "version": version} for provider, version in providers.items()}
        (folder / "cdk.tf.json").write_text(json.dumps({"terraform": {"required_providers": required}}))
        entries[name] = {"name": name, "dependencies": [], "workingDirectory": f"stacks/{name}"}
    (out / "manifest.json").write_text(json.dumps({"stacks": entries}))


def commit(locks: Path, **files: dict[Provider, set[str]]) -> None:
    locks.mkdir(exist_ok=True)
    for name, providers in files.items():
        (locks / f"{name}.terraform.lock.hcl").write_text(lock_file.render(providers))


def terraform(tmp_path: Path, hashes: dict[str, list[str]]) -> Path:
    """A fake `terraform providers lock`: writes these hashes per platform, fails for other platforms."""
    program = tmp_path / "terraform"
    program.write_text(f"""#!/usr/bin/env python3
import json, sys, pathlib
platform = next(a for a in sys.argv if a.startswith("-platform=")).split("=")[1]
hashes = {hashes!r}.get(platform)
if hashes is None:
    sys.exit("Error: Could not retrieve providers\\nno network")
(name, p), = json.loads(pathlib.Path("main.tf.json").read_text())["terraform"]["required_providers"].items()
listed = "".join(f'    "{{h}}",\\n' for h in hashes)
pathlib.Path(".terraform.lock.hcl").write_text(
    f'provider "{{p["source"]}}" {{{{\\n  version = "{{p["version"]}}"\\n  hashes = [\\n{{listed}}  ]\\n}}}}\\n')
""")
    program.chmod(0o755)
    return program


def test_each_stack_gets_the_smallest_lock_that_holds_its_providers(tmp_path: Path) -> None:
    commit(tmp_path / "locks", aws={AWS: {"h1:a"}}, both={AWS: {"h1:a"}, HELM: set()})
    synthesise(tmp_path, net={"aws": AWS.version}, apps={"aws": AWS.version, "helm": HELM.version}, empty={})
    placed = provider_locks.place(tmp_path, tmp_path / "locks")
    assert {stack: path.name for stack, path in placed.items()} == {
        "net": "aws.terraform.lock.hcl",
        "apps": "both.terraform.lock.hcl",
    }
    for stack, path in placed.items():
        assert (tmp_path / "stacks" / stack / ".terraform.lock.hcl").read_bytes() == path.read_bytes()
    assert not (tmp_path / "stacks" / "empty" / ".terraform.lock.hcl").exists()


def test_placing_again_does_not_write_a_file_that_is_right(tmp_path: Path) -> None:
    commit(tmp_path / "locks", aws={AWS: {"h1:a"}})
    synthesise(tmp_path, net={"aws": AWS.version})
    provider_locks.place(tmp_path, tmp_path / "locks")
    placed = tmp_path / "stacks" / "net" / ".terraform.lock.hcl"
    os.utime(placed, (1, 1))
    provider_locks.place(tmp_path, tmp_path / "locks")
    assert placed.stat().st_mtime == 1


@pytest.mark.parametrize(
    ("needed", "named"),
    [({"aws": "6.0.0"}, "hashicorp/aws 6.0.0"), ({"aws": AWS.version, "random": "3.7.0"}, "hashicorp/random 3.7.0")],
)
def test_a_provider_without_a_lock_is_named_with_the_command_that_adds_it(
    needed: dict[str, str], named: str, tmp_path: Path
) -> None:
    commit(tmp_path / "locks", aws={AWS: {"h1:a"}})
    synthesise(tmp_path, net=needed)
    with pytest.raises(LockFileError) as refused:
        provider_locks.place(tmp_path, tmp_path / "locks")
    assert "stack net" in str(refused.value)
    assert str(refused.value).splitlines()[0].endswith(f": {named}")
    assert "gw lock" in refused.value.fix


def test_a_lock_is_written_byte_for_byte_as_terraform_does(checkout: Path) -> None:
    for path in (checkout / "stacks" / "provider_locks").glob("*.hcl"):
        assert lock_file.render(dict(lock_file.read(path))) == path.read_text()


def test_a_damaged_lock_is_named(tmp_path: Path) -> None:
    commit(tmp_path, aws={AWS: {"h1:a"}})
    path = tmp_path / "aws.terraform.lock.hcl"
    path.write_text(path.read_text()[:-10])
    with pytest.raises(LockFileError, match=r"aws\.terraform\.lock\.hcl"):
        lock_file.read(path)


def test_the_committed_locks_hold_the_pinned_providers(checkout: Path) -> None:
    held = {
        p: h for path in (checkout / "stacks/provider_locks").glob("*.hcl") for p, h in lock_file.read(path).items()
    }
    assert {AWS, HELM} <= held.keys()
    assert "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=" in held[AWS]


def test_check_names_every_platform_without_a_hash(tmp_path: Path) -> None:
    commit(tmp_path, both={AWS: {"h1:a"}, HELM: set()})
    (tmp_path / "platforms.json").write_text(json.dumps({"hashicorp/aws 5.100.0": {"linux_amd64": "h1:a"}}))
    states = check_locks(tmp_path, platforms=("linux_amd64", "darwin_arm64"))
    assert {(s.provider.name, s.platform): s.known for s in states} == {
        ("aws", "linux_amd64"): True,
        ("aws", "darwin_arm64"): False,
        ("helm", "linux_amd64"): False,
        ("helm", "darwin_arm64"): False,
    }


def test_a_hash_that_one_of_the_files_lacks_is_missing(tmp_path: Path) -> None:
    commit(tmp_path, aws={AWS: {"h1:a"}}, both={AWS: set(), HELM: set()})
    (tmp_path / "platforms.json").write_text(json.dumps({"hashicorp/aws 5.100.0": {"linux_amd64": "h1:a"}}))
    assert not any(state.known for state in check_locks(tmp_path, platforms=ONE))


def complete(tmp_path: Path, program: Path, **options: Any) -> dict[tuple[str, str], tuple[bool, str]]:
    states = complete_locks(
        tmp_path / "locks", out=tmp_path, terraform=program, environ={"PATH": os.environ["PATH"]}, **options
    )
    return {(state.provider.name, state.platform): (state.known, state.reason) for state in states}


def test_completing_adds_available_hashes_and_reports_missing_ones(tmp_path: Path) -> None:
    commit(tmp_path / "locks", aws={AWS: {"h1:a"}}, both={AWS: {"h1:a"}, HELM: set()})
    program = terraform(tmp_path, {"linux_amd64": ["h1:a", "zh:1"], "linux_arm64": ["h1:b", "zh:1"]})
    states = complete(tmp_path, program, platforms=("linux_amd64", "linux_arm64", "darwin_arm64"))
    assert states["aws", "linux_amd64"] == states["helm", "linux_arm64"] == (True, "")
    assert states["helm", "darwin_arm64"] == (False, "Error: Could not retrieve providers no network")
    for name in ("aws", "both"):
        held = lock_file.read(tmp_path / "locks" / f"{name}.terraform.lock.hcl")
        assert held[AWS] == {"h1:a", "h1:b", "zh:1"}


def test_completing_adds_a_lock_for_a_new_set_of_providers(tmp_path: Path) -> None:
    synthesise(tmp_path, apps={"aws": AWS.version, "random": "3.7.0"})
    program = terraform(tmp_path, {"linux_amd64": ["h1:a"]})
    complete(tmp_path, program, platforms=ONE)
    assert provider_locks.place(tmp_path, tmp_path / "locks")["apps"].name == "aws-random.terraform.lock.hcl"


def test_a_package_that_differs_from_the_committed_hash_is_refused(tmp_path: Path) -> None:
    commit(tmp_path / "locks", aws={AWS: {"h1:a"}})
    record = tmp_path / "locks" / "platforms.json"
    record.write_text(json.dumps({"hashicorp/aws 5.100.0": {"linux_amd64": "h1:a"}}))
    (tmp_path / "mirror" / AWS.address / AWS.version / "linux_amd64").mkdir(parents=True)
    program = terraform(tmp_path, {"linux_amd64": ["h1:tampered"]})
    with pytest.raises(LockFileError, match="h1:tampered"):
        complete(tmp_path, program, platforms=ONE, mirror=tmp_path / "mirror")
    assert "tampered" not in (tmp_path / "locks" / "aws.terraform.lock.hcl").read_text()


@pytest.mark.slow
def test_cdktf_does_not_lock_providers_itself_where_a_lock_is_placed(tmp_path: Path, checkout: Path) -> None:
    cdktf, node = checkout / "node_modules" / ".bin" / "cdktf", jsii_process.wheel_node()
    if not cdktf.exists() or node is None:
        pytest.skip("cdktf-cli is not installed; `make setup` installs it")
    calls = tmp_path / "calls"
    program = tmp_path / "terraform"  # records how it is called; only `init` succeeds
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {calls}\ncase "$1" in version) echo "Terraform v1.11.4";; init) ;; *) exit 1;; esac\n'
    )
    program.chmod(0o755)
    locked = {}
    for name in ("without", "with"):
        calls.unlink(missing_ok=True)
        out = tmp_path / name
        synthesise(out, net={"aws": AWS.version, "helm": HELM.version})
        manifest = json.loads((out / "manifest.json").read_text())
        manifest["version"] = "0.21.0"
        manifest["stacks"]["net"] |= {
            "constructPath": "net",
            "annotations": [],
            "stackMetadataPath": "stacks/net/metadata.json",
            "synthesizedStackPath": "stacks/net/cdk.tf.json",
        }
        (out / "manifest.json").write_text(json.dumps(manifest))
        stack = out / "stacks" / "net" / "cdk.tf.json"
        content = json.loads(stack.read_text())
        content["//"] = {"metadata": {"backend": "local", "stackName": "net", "version": "0.21.0"}, "outputs": {}}
        stack.write_text(json.dumps(content))
        if name == "with":
            provider_locks.place(out, checkout / "stacks" / "provider_locks")
        work = tmp_path / f"work-{name}"
        work.mkdir()
        (work / "cdktf.json").write_text(json.dumps({"language": "python", "app": "true", "projectId": "x"}))
        shutil.copytree(out, work / "cdktf.out")
        subprocess.run(
            [str(node), str(cdktf.resolve()), "diff", "net", "--skip-synth"],
            cwd=work,
            env={
                "PATH": f"{tmp_path}{os.pathsep}{node.parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "TERRAFORM_BINARY_NAME": str(program),
                "CHECKPOINT_DISABLE": "1",
                "CI": "1",
            },
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert "init" in calls.read_text()
        locked[name] = "providers lock" in calls.read_text()
    assert locked == {"without": True, "with": False}
