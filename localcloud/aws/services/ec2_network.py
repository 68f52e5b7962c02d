"""EC2 networking: what moto drops of subnets, DHCP options and flow logs, and an error of network ACLs."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """Keep the attributes that Terraform reads back after it set them."""
    from moto.ec2.models.network_acls import NetworkAclBackend
    from moto.ec2.responses.dhcp_options import DHCPOptions
    from moto.ec2.responses.flow_logs import FlowLogs
    from moto.ec2.responses.subnets import Subnets

    wrap(Subnets, "modify_subnet_attribute", _modify_subnet_attribute)
    wrap(DHCPOptions, "create_dhcp_options", _create_dhcp_options)
    wrap(FlowLogs, "create_flow_logs", _create_flow_logs)
    wrap(NetworkAclBackend, "replace_network_acl_association", _replace_network_acl_association)


def _modify_subnet_attribute(original: Method, self: Any) -> Any:
    """moto ignores host name type and AAAA records; the provider polls for them for five minutes."""
    answer = original(self)
    options = self.ec2_backend.get_subnet(self._get_param("SubnetId")).private_dns_name_options_on_launch
    host_names = self._get_param("PrivateDnsHostnameTypeOnLaunch")
    if host_names:
        options["HostnameType"] = host_names
    aaaa = self._get_param("EnableResourceNameDnsAAAARecordOnLaunch.Value")
    if aaaa is not None:
        options["EnableResourceNameDnsAAAARecord"] = aaaa
    return answer


def _create_dhcp_options(original: Method, self: Any) -> Any:
    """moto ignores the tags of the request."""
    sets = self.ec2_backend.dhcp_options_sets
    before = set(sets)
    answer = original(self)
    tags = self._parse_tag_specification().get("dhcp-options", {})
    for identifier in set(sets) - before:
        sets[identifier].add_tags(tags)
    return answer


def _create_flow_logs(original: Method, self: Any) -> Any:
    """Without file format and partitions of a flow log in S3, Terraform replaces it in every plan."""
    flow_logs = self.ec2_backend.flow_logs
    before = set(flow_logs)
    answer = original(self)
    for identifier in set(flow_logs) - before:
        flow_logs[identifier].destination_options = self._get_param("DestinationOptions")
    return answer


def _replace_network_acl_association(original: Method, self: Any, association_id: str, network_acl_id: str) -> Any:
    """moto ends with an internal error where AWS answers with an error that Terraform can handle."""
    from moto.ec2.exceptions import InvalidAssociationIdError

    if not any(association_id in acl._associations for acl in self.network_acls.values()):
        raise InvalidAssociationIdError(association_id)
    return original(self, association_id, network_acl_id)
