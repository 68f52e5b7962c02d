"""Environment variables of programs that must not get all of the caller's: Terraform, and unreviewed Python."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from groundwork.errors import UsageError

# Each changes what a Terraform command does: other arguments, values, folders, providers.
_CHANGES_TERRAFORM = re.compile(
    r"TF_(?:CLI_ARGS(?:_.+)?|VAR_.+|DATA_DIR|WORKSPACE|REATTACH_PROVIDERS|PLUGIN_CACHE_MAY_.+)"
)

# What a program needs to start, to find certificates, and to reach a package index without signing in.
_ALLOWED = frozenset(
    {
        "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
        "UV_SYSTEM_CERTS", "UV_FIND_LINKS", "UV_OFFLINE", "UV_HTTP_TIMEOUT",
        "JSII_NODE", "GROUNDWORK_SYNTH",
    }
)  # fmt: skip
# Allowed unless the address contains a user name or password.
_ADDRESSES = frozenset(
    {"UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"}
    | {name for scheme in ("http", "https", "all", "no") for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")}
)


def terraform_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without the variables that change what a Terraform command does."""
    return {name: value for name, value in environ.items() if not _CHANGES_TERRAFORM.fullmatch(name)}


def synthesis_environ(environ: Mapping[str, str], *, home: Path, checkout: Path) -> dict[str, str]:
    """What a synthesis gets of `environ`: no AWS_*, no token of GitHub or Actions, no TF_VAR_*, another home.

    A synthesis reads files and calls nobody. So what it writes cannot hold a credential, depends on nobody's settings,
    and a pull request that is merged unseen cannot take the credentials of the job that applies it.

    `home` is an empty folder, so that the user's credentials, profiles and kubeconfigs are out of reach; the user's
    cache folder, which holds tools, is not. The uv.toml of `checkout` says where packages come from, if it exists and
    has no login.
    """
    cache, uv_config = Path(platformdirs.user_cache_dir()), checkout / "uv.toml"
    passed = {name: value for name, value in environ.items() if name in _ALLOWED}
    passed |= {name: value for name, value in environ.items() if name in _ADDRESSES and not _has_login(value)}
    # The programs beside this Python (node among them) come first, as in a shell of this checkout.
    passed["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), passed.get("PATH", os.defpath)])
    if uv_config.is_file() and not any(map(_has_login, _texts(_read(uv_config)))):
        passed["UV_CONFIG_FILE"] = str(uv_config)
    return {
        **passed,
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CACHE_HOME": str(cache),
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        # In another home it would be unpacked each time.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(_existing(cache / "groundwork" / "jsii")),
        "UV_CACHE_DIR": environ.get("UV_CACHE_DIR", str(cache / "uv")),
    }


def unreviewed_environ(environ: Mapping[str, str], *, home: Path, checkout: Path) -> dict[str, str]:
    """What the synthesis of a commit gets that nobody has reviewed: it may not write what other runs trust, either."""
    cache = Path(platformdirs.user_cache_dir())
    return {
        **synthesis_environ(environ, home=home, checkout=checkout),
        "PYTHONDONTWRITEBYTECODE": "1",
        # The user's caches hold programs that gw starts, so they are out of reach, but for two that only reviews use.
        "XDG_CACHE_HOME": str(home / ".cache"),
        # Unpacking cdktf and its providers takes longer than all the rest, so the result is cached, but not in the
        # user's own cache, which unreviewed code must not write. The same holds for uv, which trusts what it unpacked.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(cache / "groundwork" / "review-jsii"),
        "UV_CACHE_DIR": str(cache / "groundwork" / "review-uv"),
    }


def _existing(folder: Path) -> Path:
    """The folder, which is made where it is missing; a home may be read-only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the cache folder {folder} cannot be made ({error.strerror})",
            fix="set XDG_CACHE_HOME to a folder that you may write to",
        ) from error
    return folder


def _has_login(value: str) -> bool:
    return any("@" in urlsplit(word if "//" in word else f"//{word}").netloc for word in value.split())


def _read(config: Path) -> Any:
    try:
        return tomllib.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{config} is not TOML: {error}", fix="correct it, or delete it and run make setup") from error


def _texts(value: Any) -> Iterator[str]:
    """Every text in a TOML document."""
    match value:
        case str():
            yield value
        case dict():
            yield from _texts(list(value.values()))
        case list():
            for each in value:
                yield from _texts(each)
