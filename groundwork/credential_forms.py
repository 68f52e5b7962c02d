"""Credentials that are known by their form alone, in one list for every search for them.

The forms are those of detect-secrets, without its detectors of words and of entropy, whose hits a person has to judge.
What it lacks is added, with its source.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module

_DETECTORS = (
    "aws.AWSKeyDetector",
    "azure_storage_key.AzureStorageKeyDetector",
    "github_token.GitHubTokenDetector",
    "jwt.JwtTokenDetector",
    "mailchimp.MailchimpDetector",
    "npm.NpmDetector",
    "sendgrid.SendGridDetector",
    "slack.SlackDetector",
    "square_oauth.SquareOAuthDetector",
    "stripe.StripeDetector",
    "twilio.TwilioKeyDetector",
)
_ADDED = {
    # https://github.blog/security/application-security/introducing-fine-grained-personal-access-tokens-for-github/
    "GitHub Token": re.compile(r"\bgithub_pat_[A-Za-z0-9_]{22,}|\bgh[pousr]_[A-Za-z0-9]{20,}"),
    # https://docs.gitlab.com/security/tokens/#token-prefixes
    "GitLab Token": re.compile(r"\bgl(?:pat|dt|ptt|rt|cbt)-[A-Za-z0-9_-]{16,}"),
    # https://docs.slack.dev/authentication/tokens: also those without numbers, and those of apps.
    "Slack Token": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}"),
    # RFC 7468: the label may name any kind of key, and what follows may be cut off.
    "Private Key": re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----"),
    # https://github.com/C2SP/C2SP/blob/main/age.md
    "age Secret Key": re.compile(r"\bAGE-SECRET-KEY-1[0-9A-Z]+"),
    # RFC 3986, 3.2.1: a password may hold !$&'()*+,;=, which detect-secrets leaves out. A reference is left alone.
    "Password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@$\"\\]*:(?!\$\{)[^\s/@\"\\]+@"),
}
_SHORTEST_GROUP = 16


@dataclass(frozen=True)
class Credential:
    """What a text holds from `start` up to `end`: `what` is the kind, such as "AWS Access Key"."""

    what: str
    start: int
    end: int


# The same file lies in the folder of many a stack.
@lru_cache(maxsize=1024)
def find(text: str) -> tuple[Credential, ...]:
    """The credentials in a text, by kind; they may overlap."""
    return tuple(
        Credential(what, *_span(match))
        for what, pattern, is_valid in _forms()
        for match in pattern.finditer(text)
        if is_valid(match[0])
    )


def _span(match: re.Match[str]) -> tuple[int, int]:
    """That of the credential without the name before it, where the pattern tells them apart."""
    groups = [match.span(number) for number in range(1, match.re.groups + 1)]
    return max((span for span in groups if span[1] - span[0] >= _SHORTEST_GROUP), default=match.span())


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...]:
    """Kind, pattern, and a test of what it matches. detect-secrets is imported when it is needed: it takes 0.3 s."""
    forms: list[tuple[str, re.Pattern[str], Callable[[str], bool]]] = []
    for name in _DETECTORS:
        module, _, kind = name.partition(".")
        detector = getattr(import_module(f"detect_secrets.plugins.{module}"), kind)
        is_valid = getattr(detector, "is_formally_valid", _always)
        forms += [(detector.secret_type, pattern, is_valid) for pattern in detector.denylist]
    return (*forms, *((what, pattern, _always) for what, pattern in _ADDED.items()))


def _always(_text: str) -> bool:
    return True
