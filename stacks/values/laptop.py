"""How the laptop's Terraform reaches the embedded AWS, and nothing else: settings of its providers and backends.

The stacks write them, and preflight compares what a pull request wrote with them.
"""

from __future__ import annotations

from typing import Any

# Terraform runs in cdktf.out/stacks/<stack>, three folders below the checkout. A relative path keeps the synthesised
# Terraform the same on every machine.
_PROFILE = "../../../localcloud/profile"
# A proxy that does not exist. Addresses on this machine are asked directly, without it; every other address is asked
# through it alone, whatever proxies and endpoints the environment names, and so is never reached.
_NO_WAY_OUT = "http://127.0.0.1:9"

CONNECTION: dict[str, Any] = {
    "profile": "groundwork-laptop",
    "shared_config_files": [f"{_PROFILE}/config"],
    "shared_credentials_files": [f"{_PROFILE}/credentials"],
    # The default of 25 would turn one mistake of the emulator into ten minutes of waiting.
    "max_retries": 2,
    "http_proxy": _NO_WAY_OUT,
    "https_proxy": _NO_WAY_OUT,
    "no_proxy": "127.0.0.1,localhost",
}
"""What providers and backends have in common (docs/adr/0004-the-laptop-cannot-reach-aws.md)."""

PROVIDER: dict[str, Any] = {**CONNECTION, "s3_use_path_style": True, "skip_metadata_api_check": "true"}
"""Settings of the laptop's AWS provider."""

BACKEND: dict[str, Any] = {**CONNECTION, "use_path_style": True, "skip_metadata_api_check": True}
"""Settings of the laptop's S3 backend."""
