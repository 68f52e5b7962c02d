"""STS: AssumeRoleWithWebIdentity looks at the token and at the role's trust policy; moto looks at neither."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.aws import web_identity
from localcloud.aws.patching import wrap

_KEYS: list[Path] = []


def configure(folder: Path) -> None:
    """Look for the keys of OIDC providers in `folder`."""
    _KEYS[:] = [folder]


def install() -> None:
    """Anybody could become any role otherwise, and a workflow that lost its environment would still deploy."""
    from moto.sts.responses import TokenResponse

    wrap(TokenResponse, "assume_role_with_web_identity", _checked)


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    def assume_role_with_web_identity(self: Any) -> Any:
        from moto.sts.exceptions import STSClientError

        try:
            _check(str(self._get_param("RoleArn")), str(self._get_param("WebIdentityToken")))
        except web_identity.Denied as denied:
            raise STSClientError(denied.code, denied.message) from denied
        return original(self)

    return assume_role_with_web_identity


def _check(role_arn: str, token: str) -> None:
    from moto.iam.models import iam_backends

    _, partition, _, _, account, _ = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    providers = {str(one.url).removeprefix("https://"): one for one in backend.open_id_providers.values()}
    claims = web_identity.verified(
        token,
        keys=_KEYS[0] if _KEYS else Path("nowhere"),
        audiences={host: one.client_id_list or () for host, one in providers.items()},
    )
    role = next((one for one in backend.roles.values() if one.arn == role_arn), None)
    # AWS says the same for a role that is not there and for one that does not trust: neither is told apart.
    trust = role.assume_role_policy_document if role is not None else None
    provider = providers[web_identity.issuer_host(claims)]
    if not trust or not web_identity.may_assume(_document(trust), claims, provider_arn=provider.arn):
        raise web_identity.Denied("AccessDenied", f"Not authorized to perform {web_identity.ACTION}")


def _document(trust: Any) -> Any:
    return json.loads(trust) if isinstance(trust, str) else trust
