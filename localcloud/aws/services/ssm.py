"""SSM: the public parameters that name the machine images of EKS nodes."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from localcloud.aws.patching import Method, wrap

# AWS documentation: "Retrieve recommended Amazon Linux AMI IDs" and "Retrieve recommended Bottlerocket AMI IDs".
_AMAZON_LINUX = re.compile(
    r"/aws/service/eks/optimized-ami/(?P<version>1\.\d+)/"
    r"(?P<name>amazon-linux-2023/(?:x86_64/(?:standard|nvidia|neuron)|arm64/(?:standard|nvidia))|amazon-linux-2(?:-arm64|-gpu)?)"
    r"/recommended(?:/(?P<part>image_id|image_name|release_version))?"
)
_BOTTLEROCKET = re.compile(
    r"/aws/service/bottlerocket/(?P<name>aws-k8s-(?P<version>1\.\d+)(?:-nvidia|-fips)?/(?:x86_64|arm64))"
    r"/latest/(?P<part>image_id|image_version)"
)


def install() -> None:
    """moto publishes parameters for Amazon Linux and ECS images only; these are made when they are first read."""
    from moto.ssm.models import ParameterDict

    wrap(ParameterDict, "_check_loading_status", _check_loading_status)


def _check_loading_status(original: Method, self: Any, key: str) -> None:
    original(self, key)
    name = str(key or "")
    match = _AMAZON_LINUX.fullmatch(name) or _BOTTLEROCKET.fullmatch(name)
    # With dict's own methods: those of moto's class would call this patch again.
    if match and not dict.__contains__(self, name):
        dict.__setitem__(self, name, [_parameter(self, name, _value(match, self.region_name))])


def _value(match: re.Match[str], region: str) -> str:
    """An image id that is the same in every run and differs by region, version and variant."""
    version = f"{match['version']}.3-20250920"
    digest = hashlib.sha256(f"{region}/{match['version']}/{match['name']}".encode()).hexdigest()[:17]
    values = {
        "image_id": f"ami-{digest}",
        "image_name": f"{match['name'].replace('/', '-')}-{version}",
        "release_version": version,
        "image_version": "1.46.0",
    }
    return values[match["part"]] if match["part"] else json.dumps(values)


def _parameter(parameters: Any, name: str, value: str) -> Any:
    from moto.core.utils import utcnow
    from moto.ssm.models import Parameter

    return Parameter(
        account_id=parameters.account_id,
        name=name,
        value=value,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=utcnow(),
        version=1,
        data_type="text",
    )
