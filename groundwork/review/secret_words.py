"""Recognises a secret by its name or its form, where no schema marks it."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

from groundwork import credential_forms

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = {
    "password", "passwords", "passwd", "pwd", "passphrase", "passcode", "secret", "secrets", "token", "tokens",
    "credential", "credentials", "apikey", "privatekey", "accesskey", "secretkey", "dsn", "jwt", "salt", "pin",
}  # fmt: skip
_SECRET_PAIRS = {
    ("private", "key"), ("api", "key"), ("access", "key"), ("secret", "key"), ("client", "key"), ("signing", "key"),
    ("license", "key"), ("ssh", "key"), ("account", "key"), ("shared", "key"),
    ("connection", "string"), ("database", "url"), ("mongo", "url"), ("redis", "url"), ("webhook", "url"),
    ("auth", "key"), ("key", "material"), ("basic", "auth"),
}  # fmt: skip
# The last word of a name that describes a secret without holding it.
_ABOUT = {
    "arn", "arns", "id", "ids", "name", "names", "length", "policy", "ttl", "type", "types", "enabled", "days", "hours",
    "minutes", "seconds", "count", "prevention", "rotation", "age", "expiry", "expiration", "validity", "version",
    "window", "required", "characters", "letters", "numbers", "symbols", "unit", "units", "endpoint",
    "location", "files", "paths", "refs",
    "change", "reset", "alias", "prefix", "path", "file", "region", "source", "ref", "algorithm", "store", "review",
}  # fmt: skip
# The first word of a switch's name, or of the name of a Kubernetes secret.
_SETTING = {"require", "requires", "allow", "allows", "hide", "use", "existing", "image"}
_HARMLESS = {"http_tokens", "token_endpoint_auth_method", "grant_types"}

# Hidden, though it may be harmless: certificates, what follows a scheme of HTTP, a JWT that is cut off.
_ALSO_HIDDEN = (
    re.compile(r"-----BEGIN [A-Z ]*CERTIFICATE[A-Z ]*-----"),
    re.compile(r"(?i)\b(?:bearer|basic) (?!realm|auth)[A-Za-z0-9+/=_.~-]{12,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."),
)
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----(?:.*?-----END [A-Z ]+-----|.*)", re.DOTALL)
# A name is tried once per word, from its first letter on: from each letter, a long word would take quadratic time.
_ASSIGNMENT = re.compile(
    r"""(?<![A-Za-z0-9_.-])[0-9.-]*+(?P<name>[A-Za-z_][A-Za-z0-9_.-]*+)"""
    r"""["']?[ \t]*(?:=>|:=|[=:])[ \t]*(?P<quote>["']?)(?P<value>[^\s"',;}]+)"""
)
_OPTION = re.compile(r"--?(?P<name>[A-Za-z][A-Za-z0-9-]*)[ =](?P<quote>[\"']?)(?P<value>[^\s\"']+)")
_RANDOM = re.compile(r"(?<![A-Za-z0-9+/_=.-])[A-Za-z0-9+/_-]{32,}={0,2}(?![A-Za-z0-9+/_=-])")
_HASH_WORDS = {
    "hash", "sha", "sha1", "sha256", "sha512", "md5", "digest", "checksum", "etag", "fingerprint", "thumbprint",
    "triggers", "definition", "redeployment", "filename", "path", "chart", "version", "commit", "revision", "image",
    "thumbprints", "s3",
    "source", "layers", "uri", "kms", "schema", "resource", "resources", "name", "id", "arn", "arns",
    "identifiers", "action", "actions",
}  # fmt: skip
_REFERENCE = re.compile(r"\$\{[A-Za-z_][\w-]*(?:\.[\w-]+|\[(?:\d+|\*|\"[\w.:/ -]*\")\])+\}")
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:[^\s]+")


def words(name: str) -> list[str]:
    """`DB_PASSWORD`, `dbPassword` → ["db", "password"]."""
    return [word.lower() for word in _WORD.findall(name)]


def names_secret(name: str) -> bool:
    """Whether something with this name holds a secret (`DB_PASSWORD`) and does not only describe it (`secret_arn`)."""
    parts_of_name = words(name)
    if not parts_of_name or parts_of_name[-1] in _ABOUT or parts_of_name[0] in _SETTING or name in _HARMLESS:
        return False
    return bool(_SECRET & set(parts_of_name)) or any(pair in _SECRET_PAIRS for pair in pairwise(parts_of_name))


def is_reference(value: str) -> bool:
    """Whether a string is only a Terraform reference, which has no value yet."""
    return _REFERENCE.fullmatch(value) is not None


def points_to_secret(value: str) -> bool:
    """Whether a string only refers to a value: a Terraform reference or an ARN."""
    return is_reference(value) or _ARN.fullmatch(value) is not None


def parts(value: str, *, name: str) -> tuple[tuple[int, int], ...]:
    """The spans of a string that look like key material or are assigned to a secret's name; sorted, may overlap.

    `name` is the string's own name: a hash under a name such as `digest` is not a secret.
    """
    return _parts(value, is_hash=bool(_HASH_WORDS & set(words(name))))


# Four of five strings of a platform occur again: in another stack, or in another environment.
@lru_cache(maxsize=20_000)
def _parts(value: str, *, is_hash: bool) -> tuple[tuple[int, int], ...]:
    spans = [(credential.start, credential.end) for credential in credential_forms.find(value)]
    spans += [match.span() for pattern in _ALSO_HIDDEN for match in pattern.finditer(value)]
    if any("-----BEGIN" in value[start:end] for start, end in spans):
        return ((0, len(value)),)
    for pattern in (_ASSIGNMENT, _OPTION):
        for match in pattern.finditer(value):
            if (
                names_secret(match["name"].rpartition(".")[2])
                and not points_to_secret(match["value"])
                and "${" not in match["value"]
            ):
                spans.append(match.span("value"))
    if not is_hash:
        spans += [match.span() for match in _RANDOM.finditer(value) if _looks_random(match[0])]
    return tuple(sorted(spans))


def without_pem(value: str, instead: str) -> str:
    """A text in which keys and certificates of several lines are replaced, also truncated ones."""
    return _PEM.sub(instead, value)


def decoded(value: str) -> str | None:
    """The text that a string encodes in base64; None where it does not."""
    if len(value) < 12 or len(value) % 4 or not re.fullmatch(r"[A-Za-z0-9+/\n]+=*\n?", value):
        return None
    try:
        text = base64.b64decode(value, validate=False).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if text.isprintable() or "\n" in text else None


def _looks_random(token: str) -> bool:
    kinds = sum(any(test(c) for c in token) for test in (str.islower, str.isupper, str.isdigit))
    if re.fullmatch(r"[0-9a-f]{32,}|[0-9A-F]{32,}", token):
        return True
    if kinds < 3 or "_" in token.strip("_") or token.count("-") > 2 or token.count("/") > 3:
        return False
    counts = Counter(token)
    return -sum(n / len(token) * math.log2(n / len(token)) for n in counts.values()) > 4.0
