"""Rules of security groups: who may connect to a group's members, and where its members may connect to."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

ANYWHERE = "0.0.0.0/0"
HTTPS = (443, 443)


class OtherEnd(TypedDict, total=False):
    """A security group, a range or a managed list of addresses; and TCP ports (first, last), all traffic without."""

    peer: str
    cidr: str
    prefix_list: str
    ports: tuple[int, int]


def let_in(scope: Construct, id_: str, group: str, why: str, **end: Unpack[OtherEnd]) -> None:
    """Let the other end connect to members of the group with the id `group`."""
    VpcSecurityGroupIngressRule(scope, id_, security_group_id=group, description=why, **_rule(**end))


def let_out(scope: Construct, id_: str, group: str, why: str, **end: Unpack[OtherEnd]) -> None:
    """Let members of the group with the id `group` connect to the other end."""
    VpcSecurityGroupEgressRule(scope, id_, security_group_id=group, description=why, **_rule(**end))


def _rule(**end: Unpack[OtherEnd]) -> Any:
    """The other end as both kinds of rule name it."""
    ports = end.get("ports")
    return {
        "referenced_security_group_id": end.get("peer"),
        "cidr_ipv4": end.get("cidr"),
        "prefix_list_id": end.get("prefix_list"),
        "ip_protocol": "tcp" if ports else "-1",
        "from_port": ports[0] if ports else None,
        "to_port": ports[1] if ports else None,
    }
