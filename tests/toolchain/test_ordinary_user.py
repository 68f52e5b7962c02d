"""What an ordinary user may not read is passed over, or named with the fix; root may read everything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from groundwork.terraform.environ import synthesis_environ
from groundwork.toolchain import cli_config
from tests.support.ordinary_user import as_ordinary_user
from tests.toolchain.test_providers import AWS, find_mirrors, lay_out


@pytest.mark.parametrize(
    "closed", [".", "opt", "opt/providers", f"opt/providers/{AWS}", f"opt/providers/{AWS}/5.100.0"]
)
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_folder_that_this_user_may_not_read_is_passed_over(closed: str, mode: int, tmp_path: Path) -> None:
    lay_out(tmp_path / "opt" / "providers")
    _open_to_everyone(tmp_path)
    (tmp_path / closed).chmod(mode)
    try:
        mirrors = as_ordinary_user(lambda: find_mirrors({"HOME": str(tmp_path)}, usual_places=[tmp_path / "opt"]))
        assert [mirror.path for mirror in mirrors if "5.100.0" not in mirror.unpacked[AWS]] == []
    finally:
        (tmp_path / closed).chmod(0o755)


@pytest.mark.parametrize("closed", ["folder", "folder/terraform.rc"])
def test_an_unreadable_cli_configuration_is_named_with_the_fix(closed: str, tmp_path: Path) -> None:
    """An administrator's TF_CLI_CONFIG_FILE may lie in a folder that other users may not enter."""
    file = tmp_path / "folder" / "terraform.rc"
    file.parent.mkdir()
    file.write_text("")
    _open_to_everyone(tmp_path)
    (tmp_path / closed).chmod(0o000)
    environ = {"TF_CLI_CONFIG_FILE": str(file)}
    with pytest.raises(RuntimeError, match=r"UsageError: .*terraform\.rc cannot be read \(Permission denied\)"):
        as_ordinary_user(lambda: str(cli_config.write(environ, tmp_path / "ours", [])))
    (tmp_path / closed).chmod(0o755)


def test_a_home_without_a_place_for_caches_is_named_with_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "closed"))
    (tmp_path / "closed").mkdir(mode=0o555)
    _open_to_everyone(tmp_path)
    with pytest.raises(RuntimeError, match=r"closed/groundwork/jsii cannot be made .*\n.*set XDG_CACHE_HOME"):
        as_ordinary_user(lambda: synthesis_environ({}, home=tmp_path, checkout=tmp_path))


def _open_to_everyone(folder: Path) -> None:
    """Pytest's folders are closed to other users."""
    for above in (folder, *folder.parents):
        if above.stat().st_uid == os.getuid() and above not in {Path("/"), Path("/tmp")}:
            above.chmod(0o755)
