"""A function sees its own code, Python and AWS's runtime, as on AWS, and nothing else of this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from functions import call, make_function
from typer.testing import CliRunner

from groundwork.cli import local
from localcloud.cloud import LocalCloud, Status

OTHERS_SECRET = "the code of another function"
HOSTILE = """
import os, pwd
from pathlib import Path
import boto3

PROGRAMS = {"/proc", "/sys", "/usr", "/var/lang", "/var/runtime", "/lib", "/lib64", "/bin", "/sbin", "/dev", "/etc/ssl"}

def attempt(action):
    try:
        return repr(action())
    except Exception as error:
        return type(error).__name__

def files():
    for folder, folders, names in os.walk("/"):
        folders[:] = [each for each in folders if os.path.join(folder, each) not in PROGRAMS]
        yield from (Path(folder, name) for name in names)

def handle(event, context):
    Path("/tmp/own").write_text("own")
    texts = {str(path): path.read_text(errors="replace") for path in files()}
    others = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
    environments = "".join(Path("/proc", pid, "environ").read_text() for pid in ("self", *others))
    return {
        "homes": {home: attempt(lambda: os.listdir(home)) for home in (event["home"], os.path.expanduser("~"))},
        "checkout": attempt(lambda: os.listdir(event["work"])),
        "keys": attempt(lambda: Path(event["work"], "aws", "credentials").read_text()),
        "texts": {needle: [path for path, text in texts.items() if needle in text] for needle in event["needles"]},
        "processes": others,
        "server": attempt(lambda: os.kill(event["server"], 9)),
        "memory": attempt(lambda: open(f"/proc/{event['server']}/mem", "rb")),
        "key in an environment": event["needles"][1] in environments,
        "root": attempt(lambda: os.setuid(0)),
        "written": [attempt(lambda: open(path, "w")) for path in ("/var/task/handler.py", "/usr/lib/own", "/etc/own")],
        "own files": sorted(path for path in texts if not path.startswith("/etc/")),
        "caller": boto3.client("sts").get_caller_identity()["Arn"],
    }
"""


def test_a_function_sees_nothing_of_home_checkout_server_or_others(
    aws: Any, shared: LocalCloud, running: Status
) -> None:
    if running.exposed:
        pytest.skip(f"{running.exposed}; runs where Linux allows user namespaces")
    other = make_function(aws, f"def handle(event, context):\n    return {OTHERS_SECRET!r}\n")
    call(aws, other)
    name = make_function(aws, HOSTILE)
    work = shared.state.parent.parent
    needles = [OTHERS_SECRET, shared.keys.access_key, shared.keys.secret]
    event = {"home": str(Path.home()), "work": str(work), "server": running.pid, "needles": needles}

    seen, answer = call(aws, name, event)

    assert "FunctionError" not in answer, seen
    assert set(seen["homes"].values()) == {"FileNotFoundError"}
    assert (seen["checkout"], seen["keys"]) == ("FileNotFoundError", "FileNotFoundError")
    assert set(seen["texts"]) == set(needles)
    assert not any(seen["texts"].values())
    assert seen["processes"] == []
    assert (seen["server"], seen["memory"]) == ("ProcessLookupError", "FileNotFoundError")
    assert not seen["key in an environment"]
    assert seen["root"] == "PermissionError"
    assert seen["written"] == ["OSError"] * 3
    assert seen["own files"] == ["/tmp/own", "/var/task/handler.py"]
    assert seen["caller"] == f"arn:aws:sts::000000000000:assumed-role/{name}/{name}"


def test_each_process_has_a_tmp_of_its_own_that_ends_with_it(aws: Any, running: Status) -> None:
    if running.exposed:
        pytest.skip(f"{running.exposed}; runs where Linux allows user namespaces")
    source = """
    import os
    def handle(event, context):
        before = os.listdir("/tmp")
        open("/tmp/" + event["file"], "w").close()
        return before
    """
    first, second = make_function(aws, source), make_function(aws, source)
    file = f"function-{uuid.uuid4()}"
    assert [call(aws, name, {"file": file})[0] for name in (first, first, second)] == [[], [file], []]
    assert not Path(tempfile.gettempdir(), file).exists()


ALONE = """
import sys
from pathlib import Path
from localcloud.aws.lambda_isolation import Isolation

isolation = Isolation(Path(sys.argv[1]))
process = isolation.room(Path(sys.argv[1]), [], "handler.handle").start({"PYTHONPATH": sys.argv[1]})
process.kill()
print(isolation.problem)
"""


def test_a_machine_without_namespaces_is_said_in_a_sentence(tmp_path: Path, checkout: Path) -> None:
    unshare = shutil.which("unshare")
    # namespaces(7): user.max_mnt_namespaces bounds what a user namespace, and so this test, may make.
    script = 'echo 0 > /proc/sys/user/max_mnt_namespaces && exec "$@"'
    command = [sys.executable, "-c", ALONE, str(tmp_path)]
    if unshare is None or subprocess.run([unshare, "--user", "--map-root-user", "true"], check=False).returncode:
        pytest.skip("this machine has no user namespaces to take others away in; runs with util-linux on most Linux")
    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "sh", "-c", script, "sh", *command],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        "functions run as the user who started the embedded AWS, and can read that user's files: "
        "this machine allows no namespaces: No space left on device\n"
    )


def test_gw_local_status_says_that_functions_are_not_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    status = Status(endpoint="http://127.0.0.1:1", pid=1, started_at=datetime.now(UTC), exposed="functions run openly")
    context = SimpleNamespace(
        cloud=SimpleNamespace(status=lambda: status), kubernetes=SimpleNamespace(status=lambda: None)
    )
    monkeypatch.setattr(local, "_context", lambda: context)
    app = typer.Typer()
    local.register(app)
    assert "functions run openly" in CliRunner().invoke(app, ["local", "status"]).output
