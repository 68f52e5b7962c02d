"""Bundles are packed reproducibly, and unpacked only if they hold exactly what their bundle.json lists."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.errors import Refused, UsageError
from groundwork.plan import archive, digest
from groundwork.plan.bundle import Bundle
from groundwork.refusals import Code
from tests.support import sample_bundles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stack = tmp_path / "stack"
    (stack / "assets" / "code").mkdir(parents=True)
    (stack / ".terraform").mkdir()
    (stack / "cdk.tf.json").write_text("{}")
    (stack / "plan").write_bytes(b"\x00plan")
    (stack / "assets" / "code" / "handler.py").write_text("print()")
    (stack / ".terraform" / "terraform.tfstate").write_text("{}")
    return stack


def bundle(folder: Path) -> Bundle:
    return sample_bundles.bundle(files=digest.of_folder(folder))


def test_the_same_folder_gives_the_same_bytes_whenever_it_is_packed(folder: Path) -> None:
    first = archive.pack(folder, bundle(folder))
    os.utime(folder / "plan", (0, 0))
    (folder / "plan").chmod(0o600)
    assert archive.pack(folder, bundle(folder)) == first


def test_a_bundle_unpacks_to_what_was_packed_without_terraforms_folder(folder: Path, tmp_path: Path) -> None:
    packed = archive.pack(folder, bundle(folder))
    assert archive.unpack(packed, tmp_path / "out") == bundle(folder) == archive.describe(packed)
    assert digest.differences(digest.of_folder(folder), tmp_path / "out") == []
    assert not (tmp_path / "out" / ".terraform").exists()


def test_a_folder_that_changed_since_it_was_planned_is_not_packed(folder: Path) -> None:
    planned = bundle(folder)
    (folder / "cdk.tf.json").write_text('{"resource": {}}')
    with pytest.raises(UsageError, match=r"cdk\.tf\.json was changed"):
        archive.pack(folder, planned)


def test_a_link_in_the_folder_is_refused(folder: Path) -> None:
    (folder / "assets" / "etc").symlink_to("/etc")
    with pytest.raises(ValueError, match="assets/etc is not a regular file"):
        digest.of_folder(folder)


def test_each_difference_of_a_folder_is_reported(folder: Path) -> None:
    planned = digest.of_folder(folder)
    (folder / "plan").unlink()
    (folder / "cdk.tf.json").write_text("{ }")
    (folder / "override.tf.json").write_text("{}")
    assert digest.differences(planned, folder) == [
        "cdk.tf.json was changed",
        "override.tf.json was added",
        "plan is missing",
    ]


def _with(name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE) -> Callable[[bytes], bytes]:
    def edit(packed: bytes) -> bytes:
        entry = tarfile.TarInfo(name)
        entry.size, entry.type, entry.linkname = (len(content) if kind == tarfile.REGTYPE else 0), kind, "/etc/passwd"
        plain = io.BytesIO(gzip.decompress(packed))
        with tarfile.open(fileobj=plain, mode="a") as opened:
            opened.addfile(entry, io.BytesIO(content))
        return gzip.compress(plain.getvalue())

    return edit


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (_with("../outside"), "points outside"),
        (_with("/etc/cron.d/x"), "points outside"),
        (_with("stack/./plan"), "points outside"),
        (_with("stack/link", kind=tarfile.SYMTYPE), "is not a regular file"),
        (_with("stack/link", kind=tarfile.LNKTYPE), "is not a regular file"),
        (_with("stack/plan"), "holds stack/plan twice"),
        (_with("stack/override.tf.json"), r"not those that its bundle\.json lists"),
        (_with("elsewhere"), "do not belong to the stack"),
        (lambda packed: packed[:-20], "cannot be unpacked"),
        (lambda _: b"no archive", "cannot be unpacked"),
        (lambda _: gzip.compress(b""), "cannot be unpacked|has no bundle.json"),
    ],
)
def test_refuses_an_archive_that_is_not_what_its_bundle_json_lists(
    folder: Path, tmp_path: Path, edit: Callable[[bytes], bytes], why: str
) -> None:
    packed = edit(archive.pack(folder, bundle(folder)))
    with pytest.raises(Refused, match=why) as refused:
        archive.unpack(packed, tmp_path / "out")
    assert [refusal.code for refusal in refused.value.refusals] == [Code.BUNDLE_TAMPERED]
    assert not (tmp_path / "out").exists()
