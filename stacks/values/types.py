"""Value types that several sections share: account ids, regions, CIDR ranges, ARNs."""

from __future__ import annotations

import difflib
import ipaddress
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """Base of every part of an environment: frozen, and unknown keys are refused (a typo must not become a default)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, str_strip_whitespace=True)


def _network(value: str) -> str:
    try:
        ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"{error}; write the network address, for example 10.20.0.0/16") from error
    return value


# IANA's registry of special-purpose IPv4 addresses, multicast, and what is reserved for the future.
_RESERVED = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip


def _public(value: str) -> str:
    network = ipaddress.IPv4Network(value)
    if reserved := next((block for block in _RESERVED if block.overlaps(network)), None):
        raise ValueError(
            f"{value} includes addresses of {reserved}, which nobody has on the internet; "
            "name the public ranges that requests come from"
        )
    return value


def _not_everywhere(values: tuple[str, ...]) -> tuple[str, ...]:
    networks = ipaddress.collapse_addresses(map(ipaddress.IPv4Network, values))
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError(
            f"{', '.join(values)} {'are together' if len(values) > 1 else 'is'} every address, which limits nothing; "
            "name the ranges that requests come from, or leave the list empty"
        )
    return values


_PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov"})


@cache
def _regions() -> frozenset[str]:
    """Every region, from the data of the AWS SDK, which is read without importing the SDK."""
    sdk = find_spec("botocore")
    if sdk is None or sdk.origin is None:
        raise ModuleNotFoundError("botocore, which knows AWS's regions, is not installed")
    data = json.loads((Path(sdk.origin).parent / "data" / "partitions.json").read_text(encoding="utf-8"))
    return frozenset(
        region
        for partition in data["partitions"]
        if partition["id"] in _PARTITIONS
        for region in partition["regions"]
        if not region.endswith("-global")
    )


def _region(value: str) -> str:
    if value in _regions():
        return value
    close = difflib.get_close_matches(value, sorted(_regions()), n=1)
    raise ValueError(f"{value} is not a region of AWS; " + (f"did you mean {close[0]}?" if close else "name a region"))


AccountId = Annotated[
    str, Field(pattern=r"^\d{12}$", description="12 digits, quoted, so that YAML keeps leading zeros")
]
Region = Annotated[
    str,
    Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="an AWS region, for example eu-west-2"),
    AfterValidator(_region),
]
Cidr = Annotated[str, AfterValidator(_network), Field(description="an IPv4 network, for example 10.20.0.0/16")]
LimitingCidrs = Annotated[tuple[Cidr, ...], AfterValidator(_not_everywhere)]
"""Networks that leave somebody out: 0.0.0.0/1 with 128.0.0.0/1 does not."""
PublicCidr = Annotated[
    Cidr,
    AfterValidator(_public),
    Field(description="an IPv4 network of public addresses, such as the one that your runners come from"),
]
Arn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:.+$", description="an ARN")]
KeyArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+$", description="a KMS key ARN")]
SigningProfileArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:signer:[a-z0-9-]+:\d{12}:/signing-profiles/[A-Za-z0-9_]{2,64}/[A-Za-z0-9]{10}$",
        description="an AWS Signer profile's ARN with its version (…/signing-profiles/NAME/VERSION)",
    ),
]
Slug = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9-]{0,14}[a-z0-9]$", description="2 to 16 of a-z, 0-9 and -, beginning with a letter"),
]
# Values that CloudWatch Logs accepts. checkov refuses less than a year, except on the laptop.
LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
Architecture = Literal["arm64", "x86_64"]
# Part of names in AWS and of logical ids.
EntryName = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")]


class Taint(Section):
    """Keeps pods off nodes unless they tolerate it."""

    key: Annotated[str, Field(min_length=1, max_length=63)]
    value: Annotated[str, Field(max_length=63)] = ""
    effect: Literal["no_schedule", "no_execute", "prefer_no_schedule"] = "no_schedule"
