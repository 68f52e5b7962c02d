"""The environment in which a commit's Python is run: a short list of names, and none that opens a door."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

# What a program needs to start, to find certificates, and to reach a package index without signing in.
_ALLOWED = frozenset(
    {
        "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
        "PIP_CERT", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_DEFAULT_TIMEOUT", "PIP_DISABLE_PIP_VERSION_CHECK",
        "JSII_NODE", "GROUNDWORK_SYNTH",
    }
)  # fmt: skip
# Allowed unless a user name or password is part of the address.
_ADDRESSES = frozenset(
    {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"}
    | {name for scheme in ("http", "https", "all", "no") for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")}
)


def environment(environ: Mapping[str, str], *, home: Path, cache: Path) -> dict[str, str]:
    """What is left of `environ`: no AWS_*, no token of GitHub or Actions, no TF_VAR_*, and another home folder.

    `home` is an empty folder: credentials, profiles and kubeconfigs of the user are not found through it. `cache` is
    the user's cache folder, where wheels and tools are.
    """
    passed = {name: value for name, value in environ.items() if name in _ALLOWED}
    passed |= {name: value for name, value in environ.items() if name in _ADDRESSES and not _signs_in(value)}
    # The programs of the environment that runs us (node among them) come first, as in a shell of this checkout.
    passed["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), passed.get("PATH", os.defpath)])
    return {
        **passed,
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CACHE_HOME": str(cache),
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Unpacking cdktf and its providers takes longer than all the rest, so that is kept; apart from the user's own,
        # which unreviewed code must not write.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(cache / "groundwork" / "review-jsii"),
    }


def _signs_in(value: str) -> bool:
    return any("@" in urlsplit(word if "//" in word else f"//{word}").netloc for word in value.split())
