"""Lets `terraform init` hash a file of a few bytes instead of the 700 MB of the AWS provider, for each stack and run.

A run takes the provider from `dev_overrides`; only init looks at the mirror.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

from groundwork.toolchain.terraform import terraform_platform
from tests.support.cloud_project import CloudProject
from tests.support.terraform import PROVIDER, VERSION

_PROGRAM = "terraform-provider-aws"
_CONTENT = b"Only `terraform init` looks at this file.\n"


def with_quick_init(cloud: CloudProject) -> CloudProject:
    """The same embedded AWS, with settings of Terraform whose mirror has nothing but that file."""
    folder = cloud.project.root / "mirror"
    package = folder / PROVIDER / VERSION / terraform_platform()
    package.mkdir(parents=True)
    (package / _PROGRAM).write_bytes(_CONTENT)
    (package / _PROGRAM).chmod(0o755)
    overrides = Path(cloud.environ["TF_CLI_CONFIG_FILE"]).read_text().partition("dev_overrides {")[2].partition("}")[0]
    config = folder / "terraform.rc"
    config.write_text(
        f"provider_installation {{\n  dev_overrides {{{overrides}}}\n  filesystem_mirror {{\n"
        f'    path = "{folder}"\n  }}\n}}\n'
    )
    return replace(cloud, environ={**cloud.environ, "TF_CLI_CONFIG_FILE": str(config)})


def lock_file() -> str:
    """The lock file that such an init accepts: the hash of a package is that of its files' hashes (Go's dirhash)."""
    listing = f"{hashlib.sha256(_CONTENT).hexdigest()}  {_PROGRAM}\n"
    digest = base64.b64encode(hashlib.sha256(listing.encode()).digest()).decode()
    return (
        f'provider "{PROVIDER}" {{\n  version     = "{VERSION}"\n  constraints = "{VERSION}"\n'
        f'  hashes = [\n    "h1:{digest}",\n  ]\n}}\n'
    )
