"""What becomes reachable: through rules, public addresses, endpoints and open APIs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.snapshot import Resource
from groundwork.review.values import Value, as_list, blocks, plain, value_at

_ANYWHERE = {"0.0.0.0/0", "::/0"}
_BLOCK_SETTINGS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
# Resource type → attribute → (the open value, severity, sentence); most are reported for new resources too.
_SWITCHES: dict[str, dict[str, tuple[Value, Severity, str]]] = {
    "aws_instance": {
        "associate_public_ip_address": (True, Severity.MEDIUM, "The instance gets a public address."),
    },
    "aws_subnet": {
        "map_public_ip_on_launch": (True, Severity.MEDIUM, "Everything in the subnet gets a public address."),
    },
    "aws_db_instance": {"publicly_accessible": (True, Severity.HIGH, "The database gets a public address.")},
    "aws_rds_cluster_instance": {"publicly_accessible": (True, Severity.HIGH, "The database gets a public address.")},
    "aws_redshift_cluster": {"publicly_accessible": (True, Severity.HIGH, "The warehouse gets a public address.")},
    "aws_dms_replication_instance": {
        "publicly_accessible": (True, Severity.HIGH, "The replication instance gets a public address."),
    },
    "aws_mq_broker": {"publicly_accessible": (True, Severity.HIGH, "The broker gets a public address.")},
    "aws_lb": {"internal": (False, Severity.MEDIUM, "The load balancer faces the internet.")},
    "aws_alb": {"internal": (False, Severity.MEDIUM, "The load balancer faces the internet.")},
    "aws_lambda_function_url": {
        "authorization_type": ("NONE", Severity.HIGH, "Whoever knows the address may call the function."),
    },
    "aws_api_gateway_rest_api": {
        "disable_execute_api_endpoint": (False, Severity.LOW, "The API answers under AWS's own name as well."),
    },
    "aws_ec2_transit_gateway": {
        "auto_accept_shared_attachments": (
            "enable", Severity.HIGH, "Networks of other accounts attach without anyone looking.",
        ),
    },
}  # fmt: skip


def find(stack: StackComparison) -> Iterator[Risk]:
    """Everything that a change makes reachable."""
    everywhere = list(_joined_rules(stack))
    yield from (risk for _, risk in everywhere)
    joined_rules = {address for addresses, _ in everywhere for address in addresses}
    for change in stack.changes:
        if change.resource.is_data or change.resource.address in joined_rules:
            continue
        if change.after is None:
            yield from _removed(change, stack)
        else:
            yield from _opened(change)


def _opened(change: Change) -> Iterator[Risk]:
    after = change.after
    assert after is not None  # noqa: S101 - the caller checks it
    before: Mapping[str, Value] = change.before.body if change.before else {}
    yield from _rules(change, before, after.body)
    yield from _switches(change, before, after.body)
    match after.type:
        case "aws_s3_bucket_public_access_block" | "aws_s3_account_public_access_block":
            opened = [key for key in _BLOCK_SETTINGS if after.body.get(key) is not True and _was_closed(change, key)]
            if opened:
                yield _risk(change, Severity.HIGH, f"Public access to the bucket is possible: {', '.join(opened)} off.")
        case "aws_eks_cluster":
            yield from _cluster(change, before, after.body)
        case "aws_api_gateway_method":
            yield from _method(change, before, after.body)
        case "aws_apigatewayv2_route":
            if after.body.get("authorization_type") in {None, "NONE"} and _differs(
                change, before, after.body, "authorization_type", "NONE"
            ):
                yield _risk(change, Severity.HIGH, f"Everyone may call {after.body.get('route_key', 'the route')}.")
        case (
            "aws_route"
            | "aws_internet_gateway"
            | "aws_vpc_peering_connection"
            | "aws_ec2_transit_gateway_vpc_attachment"
        ):
            yield from _paths(change, before, after.body)
        case "aws_ebs_snapshot_block_public_access":
            if after.body.get("state") == "unblocked" and before.get("state") != "unblocked":
                yield _risk(change, Severity.HIGH, "Snapshots of disks may be shared with everyone.")


# ── rules of security groups and network ACLs ──────────────────────────────────────────────────────
def _rules(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    type_ = change.resource.type
    if type_ in {"aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"}:
        yield from _compared(change, [before] if before else [], [after], ingress="ingress" in type_)
    elif type_ == "aws_security_group_rule":
        yield from _compared(change, [before] if before else [], [after], ingress=after.get("type") != "egress")
    elif type_ in {"aws_security_group", "aws_default_security_group"}:
        for kind in ("ingress", "egress"):
            yield from _compared(change, blocks(before.get(kind)), blocks(after.get(kind)), ingress=kind == "ingress")
    elif type_ in {"aws_network_acl", "aws_default_network_acl"}:
        for kind in ("ingress", "egress"):
            old = [rule for rule in blocks(before.get(kind)) if rule.get("action") == "allow"]
            new = [rule for rule in blocks(after.get(kind)) if rule.get("action") == "allow"]
            yield from _compared(change, old, new, ingress=kind == "ingress")
    elif type_ == "aws_network_acl_rule" and after.get("rule_action") == "allow":
        old = [before] if before.get("rule_action") == "allow" else []
        yield from _compared(change, old, [after], ingress=not after.get("egress"))


def _joined_rules(stack: StackComparison) -> Iterator[tuple[list[str], Risk]]:
    """Rules of one group, each of which opens a part of the internet, and all of which together open it to everyone.

    The addresses of those that change, with the risk that says all that there is to say of them.
    """

    def parts(resources: Mapping[str, Resource]) -> dict[tuple[str, tuple[str, int, int]], list[str]]:
        opened: dict[tuple[str, tuple[str, int, int]], list[str]] = {}
        for resource in resources.values():
            body = resource.body
            if resource.type == "aws_vpc_security_group_ingress_rule" or (
                resource.type == "aws_security_group_rule" and body.get("type") == "ingress"
            ):
                key = (str(plain(body.get("security_group_id"))), _ports(body))
                opened.setdefault(key, []).extend(_sources(body))
        return opened

    before = parts(stack.base_resources)
    for key, sources in parts(stack.head_resources).items():
        everywhere = _ANYWHERE & set(joined(sources)) - set(sources)
        if everywhere and not everywhere & set(joined(before.get(key, ()))):
            networks = ", ".join(sorted(source for source in sources if _is_public(source)))
            sentence = f"Inbound traffic from anywhere is opened: {_described(key[1])}; {networks} are everywhere."
            if changes := _of_group(stack, *key):
                yield [change.resource.address for change in changes], _risk(changes[0], Severity.HIGH, sentence)


def _of_group(stack: StackComparison, group: str, ports: tuple[str, int, int]) -> list[Change]:
    """The changed rules of a group for these ports that open nothing but a part of the internet."""
    bodies = ((change, change.after.body) for change in stack.changes if change.after is not None)
    return [
        change
        for change, body in bodies
        if str(plain(body.get("security_group_id"))) == group
        and _ports(body) == ports
        and all(map(_is_public, _sources(body)))
    ]


def _compared(
    change: Change, before: list[Mapping[str, Value]], after: list[Mapping[str, Value]], *, ingress: bool
) -> Iterator[Risk]:
    old_openings = [(source, _ports(rule)) for rule in before for source in _sources(rule)]
    opened: dict[tuple[str, int, int], list[str]] = {}
    for rule in after:
        for source in _sources(rule):
            if not any(_within(source, old) and _ports_within(_ports(rule), ports) for old, ports in old_openings):
                opened.setdefault(_ports(rule), []).append(source)
    for ports, sources in opened.items():
        for source in joined(sources):
            public = _is_public(source)
            direction = "from" if ingress else "to"
            severity = Severity.HIGH if ingress and public else Severity.MEDIUM if ingress or public else Severity.LOW
            where = "anywhere" if source in _ANYWHERE else source
            unknown = ", which is not known here," if "${" in source else ""
            yield _risk(
                change,
                severity,
                f"{'In' if ingress else 'Out'}bound traffic {direction} {where}{unknown} is opened: "
                f"{_described(ports)}.",
            )


def joined(sources: Iterable[str]) -> list[str]:
    """Sources without repetition, and networks that fill a larger one as that: 0.0.0.0/1 and 128.0.0.0/1 are all."""
    networks: dict[int, list[ipaddress.IPv4Network | ipaddress.IPv6Network]] = {4: [], 6: []}
    others: dict[str, None] = {}
    for source in sources:
        try:
            network = ipaddress.ip_network(source, strict=False)
        except ValueError:
            others[source] = None
        else:
            networks[network.version].append(network)
    collapsed = (str(each) for version in networks.values() for each in ipaddress.collapse_addresses(version))  # type: ignore[type-var]
    return [*collapsed, *others]


def _sources(rule: Mapping[str, Value]) -> list[str]:
    sources: list[str] = []
    for key in (
        "cidr_ipv4", "cidr_ipv6", "cidr_block", "ipv6_cidr_block", "cidr_blocks", "ipv6_cidr_blocks",
        "referenced_security_group_id", "source_security_group_id", "security_groups", "prefix_list_id",
        "prefix_list_ids",
    ):  # fmt: skip
        sources += [str(source) for source in as_list(rule.get(key)) if source]
    if rule.get("self"):
        sources.append("the group itself")
    return sources


def _ports(rule: Mapping[str, Value]) -> tuple[str, int, int]:
    protocol = str(rule.get("ip_protocol", rule.get("protocol", "-1"))).lower()
    if protocol in {"-1", "all"}:
        return "-1", 0, 65535
    low, high = _to_int(rule.get("from_port"), 0), _to_int(rule.get("to_port"), 65535)
    return {"6": "tcp", "17": "udp"}.get(protocol, protocol), low, high


def _to_int(value: Value, default: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def _ports_within(new: tuple[str, int, int], old: tuple[str, int, int]) -> bool:
    return old[0] in {"-1", new[0]} and old[1] <= new[1] and new[2] <= old[2]


def _described(ports: tuple[str, int, int]) -> str:
    protocol, low, high = ports
    if protocol == "-1":
        return "every protocol and port"
    return f"{protocol} {low}" if low == high else f"{protocol} {low}-{high}"


def _within(new: str, old: str) -> bool:
    if new == old:
        return True
    try:
        narrow, wide = ipaddress.ip_network(new, strict=False), ipaddress.ip_network(old, strict=False)
    except ValueError:
        return False
    return narrow.version == wide.version and narrow.subnet_of(wide)  # type: ignore[arg-type]


def _is_public(source: str) -> bool:
    try:
        network = ipaddress.ip_network(source, strict=False)
    except ValueError:
        return False
    return not network.is_private or network.prefixlen == 0


# ── everything else ────────────────────────────────────────────────────────────────────────────────
def _switches(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    for key, (open_, severity, sentence) in _SWITCHES.get(change.resource.type, {}).items():
        default_open = key == "internal"  # a load balancer faces the internet by default
        now = after.get(key, False if default_open else None)
        was = before.get(key, False if default_open else None) if change.before else None
        if now == open_ and was != open_ and (change.before is not None or severity != Severity.LOW):
            yield _risk(change, severity, sentence)


def _cluster(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    def public(body: Mapping[str, Value]) -> set[str]:
        if not body or value_at(body, "vpc_config", "endpoint_public_access") is False:
            return set()
        return set(value_at(body, "vpc_config", "public_access_cidrs") or ["0.0.0.0/0"])

    old_networks = joined(public(before))
    opened = [network for network in joined(public(after)) if not any(_within(network, old) for old in old_networks)]
    if opened:
        severity = Severity.HIGH if _ANYWHERE & set(opened) else Severity.MEDIUM
        yield _risk(change, severity, f"The cluster's API can be reached from {', '.join(opened)}.")


def _method(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    if after.get("http_method") == "OPTIONS":
        return  # CORS preflight requests carry no credentials
    if _differs(change, before, after, "authorization", "NONE") and after.get("authorization") in {None, "NONE"}:
        yield _risk(change, Severity.HIGH, "Everyone who reaches the API may call the method.")
    if before.get("api_key_required") is True and after.get("api_key_required") is not True:
        yield _risk(change, Severity.MEDIUM, "The method no longer asks for an API key.")


def _paths(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    if change.resource.type == "aws_route":
        target = str(after.get("gateway_id", ""))
        outside = {after.get("destination_cidr_block"), after.get("destination_ipv6_cidr_block")} & _ANYWHERE
        if outside and "internet_gateway" in target and before.get("gateway_id") != after.get("gateway_id"):
            yield _risk(change, Severity.MEDIUM, "A route leads to the internet gateway: its subnets become public.")
    elif change.before is None:
        yield _risk(change, Severity.LOW, f"{change.resource.type} connects the network with another one.")


def _removed(change: Change, stack: StackComparison) -> Iterator[Risk]:
    type_, body = change.resource.type, change.resource.body
    if type_ in {"aws_s3_bucket_public_access_block", "aws_wafv2_web_acl_association"}:
        key = "bucket" if type_.startswith("aws_s3") else "resource_arn"
        stays = any(f"{address}." in str(body.get(key)) for address in stack.head_resources)
        sentence = (
            "The bucket's block of public access is removed."
            if key == "bucket"
            else "The web firewall no longer stands in front of it."
        )
        if stays:
            yield _risk(change, Severity.HIGH, sentence)
    elif type_ in {"aws_s3_account_public_access_block", "aws_ebs_snapshot_block_public_access"}:
        yield _risk(change, Severity.HIGH, "The account's block of public access is removed.")


def _differs(change: Change, before: Mapping[str, Value], after: Mapping[str, Value], key: str, default: str) -> bool:
    return change.before is None or before.get(key, default) != after.get(key, default)


def _was_closed(change: Change, key: str) -> bool:
    return change.before is None or change.before.body.get(key) is True


def _risk(change: Change, severity: Severity, sentence: str) -> Risk:
    return change.risk(Concern.NETWORK, severity, sentence)
