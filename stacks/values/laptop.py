"""Settings of the laptop's providers and backends, with which Terraform can reach only the embedded AWS.

The stacks write them, and preflight compares what a pull request wrote with them.
"""

from __future__ import annotations

from typing import Any

# Terraform runs in cdktf.out/stacks/<stack>, three folders below the checkout. A relative path keeps the synthesised
# Terraform the same on every machine.
_PROFILE = "../../../.groundwork/aws"
# A proxy that does not exist. Requests to this machine bypass it; every other request would go through it, whatever
# proxies and endpoints the environment names, and so never arrives.
_NO_WAY_OUT = "http://127.0.0.1:9"

CONNECTION: dict[str, Any] = {
    "profile": "groundwork-laptop",
    "shared_config_files": [f"{_PROFILE}/config"],
    "shared_credentials_files": [f"{_PROFILE}/credentials"],
    # With the default of 25, a bug of the emulator would mean ten minutes of waiting.
    "max_retries": 2,
    "http_proxy": _NO_WAY_OUT,
    "https_proxy": _NO_WAY_OUT,
    "no_proxy": "127.0.0.1,localhost",
}
"""The common settings of providers and backends (docs/adr/0004-the-laptop-cannot-reach-aws.md)."""

PROVIDER: dict[str, Any] = {**CONNECTION, "s3_use_path_style": True, "skip_metadata_api_check": "true"}
"""Settings of the laptop's AWS provider."""

BACKEND: dict[str, Any] = {**CONNECTION, "use_path_style": True, "skip_metadata_api_check": True}
"""Settings of the laptop's S3 backend."""
