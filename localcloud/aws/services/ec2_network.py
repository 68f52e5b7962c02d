"""EC2 networking: what moto drops of subnets, DHCP options and flow logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """Keep the attributes that Terraform reads back after it set them."""
    from moto.ec2.responses.dhcp_options import DHCPOptions
    from moto.ec2.responses.flow_logs import FlowLogs
    from moto.ec2.responses.subnets import Subnets

    wrap(Subnets, "modify_subnet_attribute", _modify_subnet)
    wrap(DHCPOptions, "create_dhcp_options", _create_dhcp_options)
    wrap(FlowLogs, "create_flow_logs", _create_flow_logs)


def _modify_subnet(original: Callable[..., Any]) -> Callable[..., Any]:
    """Host name type and AAAA records are ignored by moto; the provider polls for them for five minutes."""

    def modify_subnet_attribute(self: Any) -> Any:
        answer = original(self)
        options = self.ec2_backend.get_subnet(self._get_param("SubnetId")).private_dns_name_options_on_launch
        host_names = self._get_param("PrivateDnsHostnameTypeOnLaunch")
        if host_names:
            options["HostnameType"] = host_names
        aaaa = self._get_param("EnableResourceNameDnsAAAARecordOnLaunch.Value")
        if aaaa is not None:
            options["EnableResourceNameDnsAAAARecord"] = aaaa
        return answer

    return modify_subnet_attribute


def _create_dhcp_options(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto ignores the tags of the request."""

    def create_dhcp_options(self: Any) -> Any:
        known = set(self.ec2_backend.dhcp_options_sets)
        answer = original(self)
        tags = self._parse_tag_specification().get("dhcp-options", {})
        for identifier in set(self.ec2_backend.dhcp_options_sets) - known:
            self.ec2_backend.dhcp_options_sets[identifier].add_tags(tags)
        return answer

    return create_dhcp_options


def _create_flow_logs(original: Callable[..., Any]) -> Callable[..., Any]:
    """File format and partitions of a flow log in S3: without them Terraform replaces it in every plan."""

    def create_flow_logs(self: Any) -> Any:
        known = set(self.ec2_backend.flow_logs)
        answer = original(self)
        options = self._get_param("DestinationOptions")
        for identifier in set(self.ec2_backend.flow_logs) - known:
            self.ec2_backend.flow_logs[identifier].destination_options = options
        return answer

    return create_flow_logs
