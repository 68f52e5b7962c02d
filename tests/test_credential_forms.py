"""One list of forms of credentials serves preflight, the review and the tests of what is synthesised."""

from __future__ import annotations

import base64
import json

import pytest

from groundwork import credential_forms
from groundwork.review import secret_words


def jwt() -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "HS256"}, {"sub": "somebody"}))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "." + "s" * 43


# Put together here, so that no search for secrets finds them in this file.
CREDENTIALS = {
    "AWS access key": "AKIA" + "Q" * 16,
    "temporary AWS key": "ASIA" + "Q" * 16,
    "AWS secret key": "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzzzzzzzzzz",
    "GitHub token": "ghp_" + "a" * 36,
    "fine-grained GitHub token": "github_pat_" + "a" * 22 + "_" + "b" * 59,
    "GitLab token": "glpat-" + "a1" * 10,
    "Slack token": "xoxb-" + "1" * 12 + "-" + "a" * 24,
    "Slack app's token": "xapp-1-" + "A" * 11,
    "Stripe key": "sk_live_" + "a" * 24,
    "SendGrid key": "SG." + "a" * 22 + "." + "b" * 43,
    "JWT": jwt(),
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "encrypted private key": "-----BEGIN ENCRYPTED " + "PRIVATE KEY-----",
    "age key": "AGE-SECRET-KEY-1" + "Q" * 58,
    "URL with a password": "postgres://app:hunter" + "22@db.internal/app",
    "URL with a password of special characters": "amqps://app:a!b$c&d" + "(e)@mq.internal",
    "URL without a user": "redis://:hunter" + "22@cache.internal",
}


@pytest.mark.parametrize("what", CREDENTIALS)
def test_a_credential_is_known_by_its_form(what: str) -> None:
    secret = CREDENTIALS[what]
    text = f'aws_key = "{secret}"' if what == "AWS secret key" else f'"value": "{secret}"'
    spans = [(each.start, each.end) for each in credential_forms.find(text)]
    assert spans, "preflight refuses it"
    assert any(text[start:end] in secret and end - start > len(secret) / 2 for start, end in spans)
    assert any(text[start:end] for start, end in secret_words.parts(text, name="text")), "the review hides it"


@pytest.mark.parametrize(
    "text",
    [
        "${local.keyJson.value}",  # `eyJson.value` has the form of a JWT
        "postgres://app:${aws_db_instance.db.password}@db.internal/app",
        "https://app.example.com:8443/a/b@c",
        "git::ssh://git@example.com/modules.git",
        "arn:aws:iam::111122223333:role/aws-reserved/key",
        '"aws_kms_key": {"key": "sha256:' + "0a" * 32 + '"}',
        "-----BEGIN CERTIFICATE-----",
        "basic infrastructure",
    ],
)
def test_what_only_resembles_a_credential_is_none(text: str) -> None:
    assert list(credential_forms.find(text)) == []
