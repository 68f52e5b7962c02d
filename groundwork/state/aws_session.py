"""boto3 sessions with the credentials of a synthesised stack's backend and provider."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import TerraformFailed

CONFIG = Config(
    retries={"max_attempts": 4, "mode": "standard"}, connect_timeout=5, read_timeout=20, s3={"addressing_style": "auto"}
)
"""Timeouts in seconds: long enough for S3, short enough that a missing endpoint is noticed."""

# What botocore reads of AWS's APIs, once for all sessions: a client of S3 takes 0.01 s instead of 0.07.
_loader = cache(botocore.loaders.create_loader)


def session(folder: Path, backend: Mapping[str, Any]) -> boto3.Session:
    """A session for the S3 backend of the stack in `folder`, to which its paths are relative."""
    region = backend["region"]
    profile = backend.get("profile")
    if not profile:
        return boto3.Session(botocore_session=_core(), region_name=region)
    # A laptop's backend names its own profile files, which only a botocore session accepts.
    core = _core(profile=profile)
    for variable, key in (("config_file", "shared_config_files"), ("credentials_file", "shared_credentials_files")):
        if backend.get(key):
            core.set_config_variable(variable, str((folder / str(backend[key][0])).resolve()))
    core.set_config_variable("region", region)
    # With AWS_IGNORE_CONFIGURED_ENDPOINT_URLS in the environment, the laptop's session would reach the real AWS.
    core.set_config_variable("ignore_configured_endpoint_urls", False)
    return boto3.Session(botocore_session=core)


def assume(session: boto3.Session, role: str, *, name: str, endpoint: str | None, region: str = "") -> boto3.Session:
    """A session with the credentials of `role`; `name` shows in audit logs. Raises botocore's errors."""
    sts = session.client("sts", endpoint_url=endpoint, config=CONFIG)
    granted = sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
    keys = granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"]
    return with_keys(*keys, region=region or session.region_name)


def with_keys(access_key: str, secret: str, token: str | None = None, *, region: str) -> boto3.Session:
    """A session that needs no profile: one that the environment names need not exist here."""
    core = _core(session_vars={"profile": (None, None, None, None)})
    core.set_credentials(access_key, secret, token)
    core.set_config_variable("region", region)
    return boto3.Session(botocore_session=core)


def _core(**arguments: Any) -> botocore.session.Session:
    core = botocore.session.Session(**arguments)
    core.register_component("data_loader", _loader())
    return core


def require_account(session: boto3.Session, account: str, *, endpoint: str | None) -> None:
    """Raise TerraformFailed unless the credentials are of `account`, so that no other account is read or emptied."""
    try:
        actual = session.client("sts", endpoint_url=endpoint, config=CONFIG).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(
            f"AWS does not accept the credentials: {error}", fix="sign in; for the laptop: gw local up"
        ) from error
    if actual != account:
        raise TerraformFailed(
            f"the credentials are of account {actual}, the environment is in {account}",
            fix="sign in to the environment's account",
        )
