"""No synthesis sees a credential, whatever the job that starts it has: main.py looks for canaries and reports them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.command_line import gw

MAIN = """
import json, os, pathlib

out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
folder = out / "stacks" / "dev-network"
folder.mkdir(parents=True, exist_ok=True)
home = pathlib.Path.home()
seen = {"environ": sorted(os.environ), "files": [str(path.relative_to(home)) for path in home.rglob("*")]}
(folder / "cdk.tf.json").write_text(json.dumps({"locals": seen}))
stack = {"name": "dev-network", "dependencies": [], "workingDirectory": "stacks/dev-network"}
(out / "manifest.json").write_text(json.dumps({"version": "0.21.0", "stacks": {"dev-network": stack}}))
"""
CANARIES = {
    "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "x", "AWS_PROFILE": "x",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/x", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x", "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1/x",
    "ACTIONS_RUNTIME_TOKEN": "x", "GITHUB_TOKEN": "x", "GH_TOKEN": "x", "KUBECONFIG": "/x", "SSH_AUTH_SOCK": "/x",
    "TF_VAR_password": "x", "TF_TOKEN_app_terraform_io": "x", "VAULT_TOKEN": "x", "NPM_TOKEN": "x", "MY_OWN": "x",
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the files in which people and runners keep credentials."""
    home = tmp_path / "home"
    for name in (".aws/credentials", ".kube/config", ".netrc", ".terraform.d/credentials.tfrc.json"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("a canary")
    return home


@pytest.mark.parametrize("command", ["synth", "list"])
def test_main_sees_neither_credentials_nor_a_home(
    checkout: Path, bare_checkout: Path, home: Path, command: str
) -> None:
    (bare_checkout / "main.py").write_text(MAIN)
    for name in (".venv", "node_modules", "tools", "package.json"):
        (bare_checkout / name).symlink_to(checkout / name)
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home), **CANARIES}
    done = gw(command, cwd=bare_checkout, environ=environ)
    written = bare_checkout / "cdktf.out" / "stacks" / "dev-network" / "cdk.tf.json"
    assert written.is_file(), done.stderr
    seen = json.loads(written.read_text())["locals"]
    assert set(seen["environ"]) & set(CANARIES) == set()
    assert "LANG" in seen["environ"]
    assert seen["files"] == []
