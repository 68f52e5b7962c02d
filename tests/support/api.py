"""The api stack with a package that needs no download: Terraform does not look into the zip."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from constructs import Construct

from groundwork.packaging import Package, Target
from stacks.api import ApiStack
from stacks.network import NetworkStack
from stacks.packages import PackageSource
from stacks.values import Environment
from tests.support.synth import synth


def tiny_packages(folder: Path) -> PackageSource:
    """A package source whose zips hold one line; the checksum names function and target."""

    def source(function: str, target: Target) -> Package:
        path = folder / f"{function}-{target}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo(f"{function}/handler.py"), "")
        return Package(path, f"checksum of {path.name}", path.stat().st_size, (f"{function}/handler.py",))

    return source


# An existing network synthesises the least, and the api stack cannot tell it from a new one.
EXISTING_NETWORK = {
    "existing": {
        "vpc_id": "vpc-0a1b2c3d",
        "cidr": "10.0.0.0/16",
        "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    }
}


def synth_api(folder: Path, **api: Any) -> Any:
    """The parsed cdk.tf.json of the api stack; keywords are keys of `api`, or `environment_<section>` for others."""
    changes = {key.removeprefix("environment_"): api.pop(key) for key in list(api) if key.startswith("environment_")}
    changes.setdefault("network", EXISTING_NETWORK)

    def build(scope: Construct, environment: Environment) -> ApiStack:
        return ApiStack(
            scope,
            environment,
            network=NetworkStack(scope, environment),
            package_source=tiny_packages(folder),
        )

    return synth(build, api=api, **changes)
