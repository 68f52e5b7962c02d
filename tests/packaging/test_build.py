"""The zip: its contents, the same bytes everywhere, a quick second build, and no harm from a kill."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from groundwork.errors import PackagingError
from groundwork.packaging import archive, write_lock
from groundwork.packaging.build import KEPT
from tests.packaging.conftest import ARM, X86, Bench, digest_of, elf, no_uv

ROOT = Path(__file__).parents[2]


def test_the_zip_holds_the_function_and_its_packages_and_nothing_else(bench: Bench):
    assert bench.build().files == (
        "beside.py",
        "fast-2.0.dist-info/METADATA",
        "fast-2.0.dist-info/WHEEL",
        "fast/__init__.py",
        "fast/core.cp312.so",
        "greet/__init__.py",
        "greet/handler.py",
        "pure-1.0.dist-info/METADATA",
        "pure-1.0.dist-info/WHEEL",
        "pure-1.0.dist-info/licenses/LICENSE",
        "pure/__init__.py",
        "pure/tests/test_pure.py",
    )


def test_data_beside_the_modules_is_packed_and_what_packaging_reads_is_not(bench: Bench):
    (bench.function / "texts").mkdir()
    for name in ("texts/mail.txt", "schema.json", "py.typed", "__pycache__/x.pyc", ".env", "old.pyc"):
        (bench.function / name).parent.mkdir(exist_ok=True)
        (bench.function / name).write_text("data")
    own = [name for name in bench.build().files if name.startswith("greet/")]
    assert own == [
        "greet/__init__.py",
        "greet/handler.py",
        "greet/py.typed",
        "greet/schema.json",
        "greet/texts/mail.txt",
    ]


def test_changed_data_gives_another_zip(bench: Bench):
    (bench.function / "schema.json").write_text("1")
    first = bench.build()
    (bench.function / "schema.json").write_text("2")
    assert bench.build().path != first.path


def test_a_package_that_imports_its_own_tests_works_in_the_zip(bench: Bench):
    files = {"needy/__init__.py": b"from .tests import util\n", "needy/tests/__init__.py": b"",
             "needy/tests/util.py": b"WORD = 'needed'\n"}  # fmt: skip
    bench.wheel("needy-1.0-py3-none-any.whl", files)
    bench.lock()
    program = "import sys, needy; print(needy.util.WORD)"
    shown = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(bench.build().path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "needed\n"


def test_a_package_has_path_checksum_and_size(bench: Bench):
    package = bench.build()
    assert package.path.parent == bench.root / "out"
    assert package.path.name.startswith("greet-python3.12-x86_64-")
    assert (package.sha256_base64, package.size) == (digest_of(package.path), package.path.stat().st_size)


def test_another_checkout_umask_clock_and_time_zone_give_the_same_bytes(bench: Bench, tmp_path: Path):
    first = bench.build()
    elsewhere = tmp_path / "elsewhere" / "greet"
    shutil.copytree(bench.function, elsewhere)
    shutil.copy(bench.root / "uv.toml", tmp_path)
    for path in elsewhere.rglob("*"):
        path.chmod(0o600 if path.is_file() else 0o700)
        os.utime(path, (1, 1))
    (elsewhere / "__pycache__").mkdir()
    (elsewhere / "__pycache__" / "handler.cpython-312.pyc").write_bytes(b"left over")
    (elsewhere / ".handler.py.swp").write_bytes(b"an editor's")
    program = (
        "import os, sys; from pathlib import Path; from groundwork.packaging import Target, build\n"
        "os.umask(0o077); folder, out = map(Path, sys.argv[1:])\n"
        "build(folder, Target('python3.12', 'x86_64'), out=out)"
    )
    subprocess.run(
        [sys.executable, "-c", program, elsewhere, tmp_path / "out2"],
        env={
            **bench.environ,
            "UV_CACHE_DIR": str(tmp_path / "cache2"),
            "TZ": "Pacific/Kiritimati",
            "LC_ALL": "C",
            "PYTHONHASHSEED": "7",
            "HOME": str(tmp_path),
        },
        cwd=ROOT,
        check=True,
    )
    (second,) = (tmp_path / "out2").glob("*.zip")
    assert second.name == first.path.name
    assert second.read_bytes() == first.path.read_bytes()


def test_the_bytes_of_the_format_are_known():
    """Fails when archive.py writes other bytes, or another Python does: then archive.FORMAT has to be raised."""
    data = archive.zip_bytes({"b/ü.py": b"2\n", "a.py": b"1\n"})
    assert archive.FORMAT == 2
    assert hashlib.sha256(data).hexdigest() == "e909508b1adc76faaf909cf12eb03a52dccfe10b120a3a01788e8b2611ac01a0"


def test_entries_are_uncompressed_readable_and_have_a_fixed_time(bench: Bench):
    with zipfile.ZipFile(bench.build().path) as zipped:
        entries = zipped.infolist()
    assert {(entry.compress_type, entry.date_time, entry.external_attr >> 16) for entry in entries} == {
        (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), 0o100644)
    }


def test_each_architecture_gets_its_native_modules(bench: Bench):
    x86, arm = bench.build(X86), bench.build(ARM)
    assert x86.path != arm.path
    for package, architecture in ((x86, "x86_64"), (arm, "arm64")):
        with zipfile.ZipFile(package.path) as zipped:
            assert zipped.read("fast/core.cp312.so") == elf(architecture)


def test_a_native_module_of_another_architecture_is_refused(bench: Bench):
    bench.wheel("fast-2.0-cp312-cp312-manylinux_2_17_aarch64.whl", {"fast/core.so": elf("x86_64")})
    bench.lock()
    with pytest.raises(PackagingError, match=r"fast/core\.so is x86_64, the function runs on arm64"):
        bench.build(ARM)
    assert not list((bench.root / "out").glob("*"))


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("fast/core.so", elf("riscv64"), "is ELF machine 243, the function runs on x86_64"),
        ("fast/core.so", elf("x86_64", bits=32), "is not a 64-bit"),
        ("fast/core.so.1", b"\xcf\xfa\xed\xfe" + bytes(60), "is not a Linux module"),
        ("fast/core.pyd", b"MZ", "is not a Linux module"),
        ("fast/program", elf("arm64"), "is arm64, the function runs on x86_64"),
    ],
)
def test_native_code_lambda_cannot_load_is_refused(bench: Bench, name: str, data: bytes, complaint: str):
    bench.wheel("fast-2.0-cp312-cp312-manylinux_2_17_x86_64.whl", {name: data})
    bench.lock()
    with pytest.raises(PackagingError, match=complaint):
        bench.build(X86)


@pytest.mark.parametrize("name", ["../out.py", "/etc/x.py", "a/../../x.py"])
def test_a_name_that_leads_outside_reaches_neither_disk_nor_zip(bench: Bench, tmp_path: Path, name: str):
    bench.wheel("pure-1.0-py3-none-any.whl", {name: b"", "pure/__init__.py": b""})
    bench.lock()
    site = tmp_path / "outer" / "inner" / "site"
    bench.uv.install(bench.function / "requirements.txt", X86, into=site)
    assert list((tmp_path / "outer").iterdir()) == [tmp_path / "outer" / "inner"]
    assert list((tmp_path / "outer" / "inner").iterdir()) == [site]
    assert [file for file in bench.build().files if file.endswith(("x.py", "out.py"))] == []


def test_a_name_with_a_backslash_is_refused(bench: Bench):
    bench.wheel("pure-1.0-py3-none-any.whl", {"a\\..\\x.py": b"", "pure/__init__.py": b""})
    bench.lock()
    with pytest.raises(PackagingError, match="which leads outside"):
        bench.build()


def test_a_source_that_links_outside_is_refused(bench: Bench, tmp_path: Path):
    (tmp_path / "secret.py").write_text("KEY = 1\n")
    (bench.function / "leak.py").symlink_to(tmp_path / "secret.py")
    with pytest.raises(PackagingError, match=r"leak\.py is a link out of"):
        bench.build()


@pytest.mark.parametrize(
    ("link", "target", "complaint"),
    [
        ("shared", "../../shared", "shared is a linked folder"),
        ("again", ".", "again is a linked folder"),
        ("deep/shared", "../texts", "shared is a linked folder"),
        ("leak.json", "../../shared/data.json", "leak.json is a link out of"),
        ("gone.json", "nothing.json", "gone.json is a link to nothing"),
    ],
)
def test_no_link_is_left_out_without_a_word(bench: Bench, link: str, target: str, complaint: str):
    for folder in (bench.root / "shared", bench.function / "texts", bench.function / "deep"):
        folder.mkdir()
        (folder / "data.json").write_text("1")
    (bench.function / link).symlink_to(target)
    with pytest.raises(PackagingError, match=complaint):
        bench.build()


def test_a_link_inside_the_function_is_packed_as_the_file_it_leads_to(bench: Bench):
    (bench.function / "other.py").symlink_to("handler.py")
    with zipfile.ZipFile(bench.build().path) as zipped:
        assert zipped.read("greet/other.py") == (bench.function / "handler.py").read_bytes()


def test_two_packages_with_different_contents_of_a_file_are_refused(bench: Bench):
    bench.wheel("more-1.0-py3-none-any.whl", {"pure/__init__.py": b"WORD = 'other'\n"})
    bench.lock()
    with pytest.raises(PackagingError, match=r"pure/__init__\.py differs between more-1\.0 and pure-1\.0"):
        bench.build()


def test_a_zip_too_big_for_lambda_is_refused_with_the_biggest_part(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_ZIP_BYTES", 3_000_000)
    with pytest.raises(PackagingError, match="largest: big 3 MB, small 1 MB"):
        archive.zip_bytes({"big/a.py": bytes(3_000_000), "small/a.py": bytes(600_000)})


def test_a_function_without_dependencies_needs_no_uv(bench: Bench):
    (bench.function / "requirements.in").write_text("# nothing\n")
    write_lock(bench.function, uv=no_uv())
    assert bench.build(uv=no_uv()).files == ("greet/__init__.py", "greet/handler.py")


def test_nothing_changed_means_no_uv_and_the_same_file(bench: Bench):
    first = bench.build()
    touched = first.path.stat().st_mtime_ns
    assert bench.build(uv=no_uv()) == first
    assert first.path.stat().st_mtime_ns == touched


def test_changed_source_gives_another_zip_from_the_cached_wheels(bench: Bench):
    first = bench.build()
    (bench.function / "handler.py").write_text("def lambda_handler(event, context):\n    return 1\n")
    second = bench.build()
    assert second.path != first.path
    assert second.sha256_base64 != first.sha256_base64
    assert first.path.is_file()


def test_the_newest_zips_of_a_function_and_target_stay_older_ones_go(bench: Bench):
    other = bench.build(ARM)
    stranger = bench.root / "out" / "greet-python3.12-x86_64-notes.zip"
    stranger.write_bytes(b"somebody's own")
    made = []
    for number in range(KEPT + 2):
        (bench.function / "handler.py").write_text(f"VERSION = {number}\n")
        made.append(bench.build())
        os.utime(made[-1].path, (number, number))
    staying = {package.path for package in made[-KEPT:]} | {other.path}
    assert set(bench.root.glob("out/*.zip")) == {*staying, stranger}
    assert {path.with_suffix("") for path in bench.root.glob("out/*.sha256")} == staying


def test_a_comment_in_the_lock_changes_nothing(bench: Bench):
    first = bench.build()
    lock = bench.function / "requirements.txt"
    lock.write_text("# reviewed\n" + lock.read_text())
    assert bench.build(uv=no_uv()) == first


def test_a_damaged_zip_is_made_again(bench: Bench):
    first = bench.build()
    first.path.write_bytes(first.path.read_bytes()[:-9])
    assert bench.build().sha256_base64 == first.sha256_base64 == digest_of(first.path)


def test_a_damaged_file_in_the_cache_is_not_packaged(bench: Bench):
    bench.build()
    for copy in bench.cache.rglob("pure/__init__.py"):
        copy.write_bytes(b"WORD = 'damaged'\n")
    shutil.rmtree(bench.root / "out")
    with pytest.raises(PackagingError, match=r"pure/__init__\.py is not the file that pure-1\.0 recorded") as raised:
        bench.build()
    assert raised.value.fix == "uv cache clean"


def test_without_cache_and_index_the_error_says_what_uv_said(bench: Bench):
    bench.empty_cache()
    (bench.root / "uv.toml").write_text("no-index = true\n")
    with pytest.raises(PackagingError, match=r"(?s)uv could not get .*requirements\.txt.*fast"):
        bench.build()


def test_a_fetched_package_is_built_again_without_the_index(bench: Bench):
    bench.empty_cache()
    shutil.rmtree(bench.root / "out", ignore_errors=True)
    with index_of(bench) as address:
        (bench.root / "uv.toml").write_text(f'index-url = "{address}"\n')
        first = bench.build()
    shutil.rmtree(bench.root / "out")
    assert bench.build().sha256_base64 == first.sha256_base64


@contextlib.contextmanager
def index_of(bench: Bench) -> Iterator[str]:
    """The address of a package index with the wheelhouse in it: https://packaging.python.org/specifications/simple-repository-api/."""
    for wheel in bench.wheelhouse.glob("*.whl"):
        folder = bench.root / "index" / wheel.name.split("-")[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(wheel, folder)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(bench.root / "index"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_wheel_with_another_hash_than_the_locked_one_is_refused(bench: Bench):
    bench.empty_cache()
    bench.wheel("pure-1.0-py3-none-any.whl", {"pure/__init__.py": b"import evil\n"})
    with pytest.raises(PackagingError, match=r"(?i)hash mismatch for `pure==1\.0`"):
        bench.build()


def test_many_builds_at_once_agree(bench: Bench):
    bench.empty_cache()
    with ThreadPoolExecutor(4) as pool:
        packages = list(pool.map(lambda number: bench.build(out=f"out{number}"), range(4)))
    assert len({package.sha256_base64 for package in packages}) == 1


def test_a_killed_build_leaves_nothing_that_the_next_build_trusts(bench: Bench):
    bench.empty_cache()
    stuck = bench.root / "stuck.py"
    stuck.write_text(
        "import pathlib, sys, time\n"
        "into = pathlib.Path(sys.argv[sys.argv.index('--target') + 1])\n"
        "(into / 'pure').mkdir()\n"
        "(into / 'pure' / '__init__.py').write_bytes(b'half')\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
        "time.sleep(60)\n"
    )
    program = (
        "import sys; from pathlib import Path; from groundwork.packaging import Target, Uv, build\n"
        "folder, out, stuck, started = map(Path, sys.argv[1:])\n"
        "uv = Uv([sys.executable, str(stuck), str(started)])\n"
        "build(folder, Target('python3.12', 'x86_64'), out=out, uv=uv)"
    )
    started = bench.root / "started"
    process = subprocess.Popen(
        [sys.executable, "-c", program, bench.function, bench.root / "out", stuck, started],
        cwd=ROOT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not started.exists():
        assert time.monotonic() < deadline, "the installation never started"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert "pure/__init__.py" in bench.build().files


def test_an_unchanged_build_takes_less_than_fifty_milliseconds(bench: Bench):
    bench.build()
    durations = []
    for _ in range(5):
        started = time.perf_counter()
        bench.build(uv=no_uv())
        durations.append(time.perf_counter() - started)
    assert min(durations) < 0.05
