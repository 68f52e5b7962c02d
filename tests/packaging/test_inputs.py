"""What is read before anything is built: targets, locks, function.toml; and how a lock is made."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from groundwork.errors import PackagingError, UsageError
from groundwork.packaging import ALL_TARGETS, Target, host_target, load_function, write_lock
from groundwork.packaging.requirements import read_lock
from tests.packaging.conftest import ARM, X86, Bench

POPULATE = Path(__file__).parents[2] / "lambda_src" / "populate"


@pytest.mark.parametrize(("runtime", "architecture"), [("python3.9", "arm64"), ("python3.12", "i386")])
def test_an_unknown_target_is_refused_with_the_known_ones(runtime: str, architecture: str):
    with pytest.raises(UsageError, match="cannot be packaged"):
        Target(runtime, architecture)


@pytest.mark.parametrize(
    ("machine", "python", "expected"),
    [
        ("x86_64", (3, 11), "python3.11-x86_64"),
        ("AMD64", (3, 12), "python3.12-x86_64"),
        ("aarch64", (3, 12), "python3.12-arm64"),
        ("arm64", (3, 13), "python3.13-arm64"),
    ],
)
def test_the_laptops_target_is_its_own_python_and_processor(machine: str, python: tuple[int, int], expected: str):
    assert str(host_target(machine=machine, python=python)) == expected


def test_a_laptop_without_a_matching_lambda_runtime_is_refused():
    with pytest.raises(UsageError, match="riscv64"):
        host_target(machine="riscv64")
    with pytest.raises(UsageError, match=r"python3\.10"):
        host_target(machine="x86_64", python=(3, 10))


def test_amazon_linux_2_gets_no_wheel_for_a_newer_libc(bench: Bench):
    for wheel in bench.wheelhouse.glob("fast-*-manylinux_2_17_x86_64.whl"):
        wheel.rename(str(wheel).replace("manylinux_2_17", "manylinux_2_28"))
    bench.lock()
    assert "fast/core.cp312.so" in bench.build(Target("python3.12", "x86_64")).files
    with pytest.raises(PackagingError, match=r"uv could not get .* for python3\.11-x86_64"):
        bench.build(Target("python3.11", "x86_64"))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("pure", "'pure' is not pinned with hashes"),
        ("pure==1.0", "is not pinned with hashes"),
        ("--index-url https://example.com/simple", "'--index-url' is not pinned with hashes, or is an option"),
        ("pure @ https://example.com/pure.whl", "is not pinned"),
        (f"boto3==1.40.0 --hash=sha256:{'0' * 64}", "boto3 comes with the Lambda runtime"),
        (f"a==1 --hash=sha256:{'0' * 64}\nA==2 --hash=sha256:{'0' * 64}", "a is listed twice"),
    ],
)
def test_a_lock_line_is_refused(tmp_path: Path, line: str, complaint: str):
    (tmp_path / "requirements.txt").write_text(line + "\n")
    with pytest.raises(PackagingError, match=re.escape(complaint)):
        read_lock(tmp_path / "requirements.txt")


@pytest.mark.row("0.20")
def test_the_committed_lock_names_no_index_and_nothing_of_the_runtime():
    lock = read_lock(POPULATE / "requirements.txt")
    assert {"aws-lambda-powertools", "pydantic", "pydantic-core"} <= set(lock.versions)
    assert "://" not in (POPULATE / "requirements.txt").read_text()


def test_the_committed_lock_has_a_native_wheel_for_every_target():
    lock = read_lock(POPULATE / "requirements.txt")
    assert len(lock.hashes["pydantic-core"]) >= len(ALL_TARGETS)


def test_locking_pins_one_version_with_the_hashes_of_all_targets(bench: Bench):
    lock = write_lock(bench.function, targets=(X86, ARM), uv=bench.uv)
    assert dict(lock.versions) == {"fast": "2.0", "pure": "1.0"}
    assert lock.hashes["fast"] == {
        hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in bench.wheelhouse.glob("fast-*cp312*")
    }
    assert bench.build().files


def test_markers_are_those_of_the_target_not_of_this_machine(bench: Bench):
    """The environment markers of https://packaging.python.org/en/latest/specifications/dependency-specifiers/."""
    needed = {
        "machine": 'platform_machine == "aarch64"',
        "version": 'python_version >= "3.13"',
        "system": 'sys_platform == "linux"',
    }
    unneeded = {
        "old": 'python_version < "3.13"',
        "intel": 'platform_machine == "x86_64"',
        "mac": 'sys_platform == "darwin"',
    }
    for name in (*needed, *unneeded):
        bench.wheel(f"{name}-1.0-py3-none-any.whl", {f"only_{name}.py": b""})
    lines = [f"{name}; {marker}\n" for name, marker in (needed | unneeded).items()]
    (bench.function / "requirements.in").write_text("".join(lines))
    target = Target("python3.13", "arm64")
    assert set(write_lock(bench.function, targets=[target], uv=bench.uv).versions) == set(needed)
    packed = bench.build(target).files
    assert {f"only_{name}.py" for name in needed} <= set(packed)


def test_a_package_that_only_some_targets_need_is_refused_with_the_way_out(bench: Bench):
    (bench.function / "requirements.in").write_text('pure; platform_machine == "aarch64"\n')
    with pytest.raises(PackagingError, match=r"python3\.12-x86_64 does not need pure") as refused:
        write_lock(bench.function, targets=(X86, ARM), uv=bench.uv)
    assert refused.value.fix == "add pure to it, without a marker"


def test_targets_that_would_get_different_versions_are_refused(bench: Bench):
    bench.wheel("fast-3.0-cp312-cp312-manylinux_2_17_x86_64.whl", {"fast/__init__.py": b""})
    with pytest.raises(
        PackagingError, match=r"fast resolves to 3\.0 for python3\.12-x86_64, 2\.0 for python3\.12-arm64"
    ):
        write_lock(bench.function, targets=(X86, ARM), uv=bench.uv)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("handler = ", "function.toml: "),
        ('handler = "greet.handler.f"\nmemory_mb = 128', "timeout_seconds: Field required"),
        ('handler = "greet.handler.f"\nmemory_mb = 1\ntimeout_seconds = 3', "memory_mb: "),
        ('handler = "greet.handler.f"\nmemory_mb = 128\ntimeout_seconds = 3\nretries = 1', "retries: "),
        ('handler = "other.handler.f"\nmemory_mb = 128\ntimeout_seconds = 3', "handler must start with greet."),
    ],
)
def test_a_wrong_function_toml_is_refused_by_key(bench: Bench, text: str, complaint: str):
    (bench.function / "function.toml").write_text(text)
    with pytest.raises(PackagingError, match=re.escape(complaint)):
        bench.build()


def test_every_wrong_variable_of_a_stack_is_named():
    function = load_function(POPULATE)
    required = {name for name, variable in function.environment.items() if variable.required}
    function.check_environment(required)
    with pytest.raises(UsageError, match=r"API_FLAVOUR is required: .*; ARCHIVE_BUKET is not read by the function"):
        function.check_environment(required - {"API_FLAVOUR"} | {"ARCHIVE_BUKET"})
