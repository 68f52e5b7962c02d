"""The code of a commit that nobody has reviewed sees neither the home nor other processes of who reviews it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.review import apart, isolation
from tests.review.repository import Repository

CANARY = "canary-of-the-reviewer"
HOSTILE = """
import os
from pathlib import Path
seen = []
for path in (Path(SECRET), Path(KEYS), Path(PROGRAMS)):
    try:
        seen.append(path.read_text())
    except OSError:
        pass
for environ in Path("/proc").glob("[0-9]*/environ"):
    try:
        seen.append(environ.read_bytes().decode(errors="replace"))
    except OSError:
        pass
VALUE = str([text for text in seen if "CANARY" in text])
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "secret").write_text(CANARY)
    (folder / ".cache").mkdir()
    (folder / ".cache" / "program").write_text(CANARY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ".cache"))
    monkeypatch.setattr(Path, "home", lambda: folder)
    return folder


@pytest.fixture(autouse=True)
def bystander() -> Iterator[None]:
    """A process of the same user, whose environment holds a secret."""
    process = subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], "SOME_TOKEN": CANARY})
    yield
    process.kill()
    process.wait()


def value(repository: Repository, home: Path, scratch: Path) -> str:
    """What hostile code of a commit brings out in the Terraform that it writes."""
    keys = repository.root / ".groundwork" / "keys"
    keys.parent.mkdir()
    keys.write_text(CANARY)
    text = HOSTILE.replace("SECRET", repr(str(home / "secret"))).replace("KEYS", repr(str(keys)))
    text = text.replace("PROGRAMS", repr(str(home / ".cache" / "program")))
    (repository.root / "values.py").write_text(text.replace('"CANARY"', repr(CANARY)))
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "hostile")
    (made, _) = repository.synthesise("HEAD..HEAD", scratch, {**os.environ, "SOME_TOKEN": CANARY})
    document = json.loads((made.folder / "stacks" / "dev-data" / "cdk.tf.json").read_text())
    return str(document["locals"]["value"])


def test_hostile_code_brings_out_nothing(home: Path, tmp_path: Path) -> None:
    if why := isolation.problem():
        pytest.skip(f"{why}; a machine with user namespaces, or root, runs this")
    assert value(Repository(tmp_path), home, tmp_path / "scratch") == "[]"


def test_without_namespaces_the_same_code_sees_all_of_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is what `gw review` says then."""
    monkeypatch.setattr(isolation, "problem", lambda: "this machine allows no namespaces")
    assert value(Repository(tmp_path), home, tmp_path / "scratch").count(CANARY) >= 4


def test_a_machine_without_namespaces_is_named_in_a_sentence() -> None:
    """As a seccomp filter of a container refuses it: unshare(2) fails with EPERM."""
    refused = Path(apart.__file__).read_text().replace("_c.unshare(flags)", "_c.setns(-1, 0)")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", refused, json.dumps({"hidden": [], "shown": [], "command": ["/bin/true"]})],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (apart.UNAVAILABLE, "")
    assert done.stderr.startswith("this machine allows no namespaces: ")
