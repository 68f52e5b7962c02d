"""Signing in with a token of an OIDC provider: what STS checks before it issues credentials.

Sources: IAM user guide, "OpenID Connect federation" and "Available keys for AWS OIDC federation".
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from localcloud.aws.conditions import UnsupportedCondition, as_list, holds
from localcloud.aws.policy import statements

ACTION = "sts:AssumeRoleWithWebIdentity"
GITHUB = "token.actions.githubusercontent.com"
_STANDARD = frozenset({"amr", "aud", "email", "oaud", "sub"})
# For a policy, any other claim of a token is absent.
_OF_PROVIDER = {
    GITHUB: frozenset(
        {
            "actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository",
            "repository_id", "workflow",
        }
    ),
}  # fmt: skip


class Denied(Exception):
    """Why STS issues no credentials: `code` and `message` are AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def issuer_host(claims: Mapping[str, Any]) -> str:
    """The issuer as trust policies and providers name it: without https://."""
    return str(claims.get("iss", "")).removeprefix("https://").rstrip("/")


def keys_file(folder: Path, issuer: str) -> Path:
    """The file with the public keys (JWKS) of an issuer, which the embedded AWS has no network to fetch."""
    return folder / f"{issuer.replace('/', '_')}.json"


def may_assume(trust_policy: str | Mapping[str, Any], claims: Mapping[str, Any], *, provider_arn: str) -> bool:
    """Whether a role's trust policy accepts a token with these claims.

    Conditions see `<issuer>:<claim>` for the claims that STS evaluates and for no other. A deny wins; an unknown
    condition operator refuses every token.
    """
    host = issuer_host(claims)
    evaluated = _STANDARD | _OF_PROVIDER.get(host, frozenset())
    context = {f"{host}:{name}".lower(): as_list(value) for name, value in claims.items() if name in evaluated}
    allowed = False
    for statement in statements(trust_policy):
        principal = statement.get("Principal", {})
        federated = as_list(principal.get("Federated", [])) if isinstance(principal, Mapping) else []
        if provider_arn not in federated or not {ACTION, "sts:*", "*"} & set(as_list(statement.get("Action", []))):
            continue
        try:
            matches = holds(statement.get("Condition"), context)
        except UnsupportedCondition:
            return False
        if matches and statement["Effect"] == "Deny":
            return False
        allowed = allowed or matches
    return allowed


def verified(token: str, *, keys: Path, audiences: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """The claims of a signed token. `audiences`: issuers that the account knows → audiences that they may name.

    Raises Denied in AWS's words: not a token, an issuer without a provider in the account or without a file in the
    folder `keys`, a wrong signature, another audience, a token before or after its time.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
    from joserfc.jws import extract_compact

    try:
        unverified = json.loads(extract_compact(token.encode()).payload)
    except (JoseError, ValueError) as broken:
        raise Denied("InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from broken
    host = issuer_host(unverified)
    if host not in audiences:
        raise Denied("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for https://{host}")
    file = keys_file(keys, host)
    if not file.is_file():
        raise Denied(
            "InvalidIdentityToken",
            f"Couldn't retrieve verification key from your identity provider: the embedded AWS looks in {file}",
        )
    try:
        key_set = KeySet.import_key_set(json.loads(file.read_bytes()))
        claims = dict(jwt.decode(token, key_set, algorithms=["RS256", "ES256"]).claims)
    except (JoseError, ValueError) as forged:
        raise Denied("InvalidIdentityToken", "Provided Token is not a Login With OpenID Connect token") from forged
    if not set(as_list(claims.get("aud", []))) & set(audiences[host]):
        raise Denied("InvalidIdentityToken", "Incorrect token audience")
    now = time.time()
    if float(claims.get("exp", 0)) < now:
        raise Denied("ExpiredTokenException", "Token expired: current date/time must be before the expiration time")
    if float(claims.get("nbf", 0)) > now:
        raise Denied("InvalidIdentityToken", "Token is not valid yet")
    return claims
