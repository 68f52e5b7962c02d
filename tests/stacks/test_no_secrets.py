"""No secret is synthesised: nothing that looks like a secret, and no value of an environment variable."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from groundwork import credential_forms
from tests.support.application import synthesise
from tests.support.leaks import leaks, texts

ARGUMENT = re.compile(
    r"\"(\w+_)?(password|passwd|secret|secret_string|secret_binary|token|private_key|api_key)\":"
    r" *\"(?!\$\{|\.\.\.)[^\"]+\""
)
# Environment variables while main.py runs; none of their values may be synthesised.
CANARIES = {
    "AWS_ACCESS_KEY_ID": "AKIA" + "CANARY0000000001",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-access-key-2",
    "AWS_SESSION_TOKEN": "canary-session-token-3",
    "AWS_PROFILE": "canary-profile-4",
    "TF_VAR_x": "canary-terraform-variable-5",
    "TF_TOKEN_app_terraform_io": "canary-terraform-token-6",
    "GITHUB_TOKEN": "ghp_canary00000000000000000000000000000007",
    "DATABASE_URL": "postgresql://canary:canary-password-8@db.example/ledger",
    "MONGODB_URI": "mongodb://canary:canary-password-9@db.example/",
    "CANARY": "canary-anything-10",
    "USER": "canary-user-11",
    "HOSTNAME": "canary-host-12",
}


def secrets(text: str) -> list[str]:
    """What a text holds that looks like a secret: by its form, or as an argument that holds one."""
    return [each.what for each in credential_forms.find(text)] + [match[0] for match in ARGUMENT.finditer(text)]


def test_no_synthesised_file_holds_anything_that_looks_like_a_secret(synthesised: Path) -> None:
    checked = 0
    for name, text in texts(synthesised):
        if "!" in name and "populate/" not in name.partition("!")[2]:
            continue  # third-party packages in the zip have examples in their docstrings
        checked += 1
        assert secrets(text.decode(errors="replace")) == [], name
    assert checked > 20


@pytest.mark.parametrize(
    "text",
    [
        '"access_key": "AKIA' + 'IOSFODNN7EXAMPLE"',
        '"master_password": "hunter22"',
        '"secret_string": "hunter22"',
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "ghp_" + "a" * 36,
    ],
)
def test_a_secret_would_be_noticed(text: str) -> None:
    assert secrets(text)


@pytest.mark.parametrize(
    "text", ['"password": "${aws_x.y.password}"', '"secret_arn": "arn:aws:x"', '"token_type": "a"']
)
def test_a_reference_to_a_secret_is_allowed(text: str) -> None:
    assert not secrets(text)


def test_a_canary_would_be_noticed_in_a_file_and_in_a_zip(tmp_path: Path) -> None:
    (tmp_path / "cdk.tf.json").write_text('{"x": "canary-anything-10"}', encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "function.zip", "w") as archive:
        archive.writestr("settings.py", "canary-user-11")
    assert len(leaks(tmp_path, list(CANARIES.values()))) == 2


@pytest.mark.slow
def test_no_value_of_an_environment_variable_is_synthesised(checkout: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = synthesise(checkout, out, environ=CANARIES)
    assert list((out / "stacks").glob("*/cdk.tf.json"))
    assert not leaks(out, list(CANARIES.values()))
    assert not [canary for canary in CANARIES.values() if canary in printed]
