"""STS: AssumeRoleWithWebIdentity checks the token and the role's trust policy; moto checks neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localcloud.aws import web_identity
from localcloud.aws.patching import Method, wrap

_KEYS: list[Path] = []


def configure(folder: Path) -> None:
    """Look for the keys of OIDC providers in `folder`."""
    _KEYS[:] = [folder]


def install() -> None:
    """Without this anybody could become any role, and a workflow without its environment could still deploy."""
    from moto.sts.responses import TokenResponse

    wrap(TokenResponse, "assume_role_with_web_identity", _assume_role_with_web_identity)


def _assume_role_with_web_identity(original: Method, self: Any) -> Any:
    from moto.sts.exceptions import STSClientError

    try:
        _check(str(self._get_param("RoleArn")), str(self._get_param("WebIdentityToken")))
    except web_identity.Denied as denied:
        raise STSClientError(denied.code, denied.message) from denied
    return original(self)


def _check(role_arn: str, token: str) -> None:
    from moto.iam.models import iam_backends

    _, partition, _, _, account, _ = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    providers = {str(each.url).removeprefix("https://"): each for each in backend.open_id_providers.values()}
    claims = web_identity.verified(
        token,
        keys=_KEYS[0] if _KEYS else Path("nowhere"),
        audiences={host: provider.client_id_list or () for host, provider in providers.items()},
    )
    role = next((each for each in backend.roles.values() if each.arn == role_arn), None)
    trust = role.assume_role_policy_document if role is not None else None
    provider = providers[web_identity.issuer_host(claims)]
    # AWS answers the same for a role that does not exist and for a role that does not trust the token.
    if not trust or not web_identity.may_assume(trust, claims, provider_arn=provider.arn):
        raise web_identity.Denied("AccessDenied", f"Not authorized to perform {web_identity.ACTION}")
