"""The VPC: what it lets out and in, and which resources a change of its values touches."""

import json
from typing import Any

import pytest
from cdktf import App, Testing
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.network import NetworkStack
from stacks.values import Environment
from tests.support.synth import environment, only_resource, resources, statements, synth

EXISTING = {
    "vpc_id": "vpc-0123456789abcdef0",
    "cidr": "10.99.0.0/16",
    "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}
ALL_FOR_NODES = ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"]


def network(**values: Any) -> Any:
    return synth(NetworkStack, network=values)


@pytest.fixture(scope="module")
def default() -> Any:
    return network()


def subnets(document: Any, tier: str) -> dict[str, dict[str, Any]]:
    return {key: body for key, body in document["resource"]["aws_subnet"].items() if key.startswith(f"{tier}_subnet")}


@pytest.mark.row("3.2", "3.3")
def test_four_tiers_over_three_zones(default: Any) -> None:
    for tier in ("public", "private", "database", "intra"):
        zones = [subnet["availability_zone"] for subnet in subnets(default, tier).values()]
        assert sorted(zones) == ["eu-west-2a", "eu-west-2b", "eu-west-2c"]


def test_a_third_zone_only_adds(default: Any) -> None:
    two = network(zones=2)
    for kind, named in two["resource"].items():
        for key, body in named.items():
            if kind in {"aws_vpc_endpoint", "aws_db_subnet_group"}:
                continue  # these list the subnets or route tables of all zones, and are updated in place
            assert default["resource"][kind][key] == body


def test_no_subnet_hands_out_public_addresses(default: Any) -> None:
    assert not any(subnet["map_public_ip_on_launch"] for subnet in resources(default, "aws_subnet"))


def test_subnets_carry_the_tags_that_load_balancers_and_karpenter_need(default: Any) -> None:
    for subnet in subnets(default, "public").values():
        assert subnet["tags"]["kubernetes.io/role/elb"] == "1"
    for subnet in subnets(default, "private").values():
        assert subnet["tags"]["kubernetes.io/role/internal-elb"] == "1"
        assert subnet["tags"]["karpenter.sh/discovery"] == "acme-dev-cluster"


def test_only_public_and_private_subnets_have_internet_access(default: Any) -> None:
    tables = {route["route_table_id"] for route in resources(default, "aws_route")}
    assert len(tables) == 4
    assert all("public_routes" in table or "private_routes" in table for table in tables)


@pytest.mark.row("4.16")
def test_each_zone_uses_its_own_nat_gateway(default: Any) -> None:
    routes = default["resource"]["aws_route"]
    for letter in "abc":
        (route,) = [body for key, body in routes.items() if key.startswith(f"nat_route_{letter}")]
        assert f"nat_gateway_{letter}" in route["nat_gateway_id"]
        assert f"private_routes_{letter}" in route["route_table_id"]


def test_a_single_nat_gateway_serves_every_zone() -> None:
    document = network(nat="single")
    assert len(resources(document, "aws_nat_gateway")) == 1
    used = {r["nat_gateway_id"] for r in resources(document, "aws_route") if "nat_gateway_id" in r}
    assert len(used) == 1


def test_going_from_one_nat_gateway_to_three_keeps_the_first(default: Any) -> None:
    single = network(nat="single")["resource"]
    for kind in ("aws_nat_gateway", "aws_eip", "aws_route_table"):
        assert single[kind].items() <= default["resource"][kind].items()


def test_without_nat_the_error_lists_the_missing_interface_endpoints() -> None:
    with pytest.raises(IllegalComposition) as raised:
        network(nat="none", interface_endpoints=["sts", "ec2"])
    assert raised.value.key == "network.interface_endpoints"
    assert "ecr.api, ecr.dkr, eks, eks-auth" in raised.value.fix


def test_without_nat_private_nodes_need_s3_for_image_layers() -> None:
    with pytest.raises(IllegalComposition, match="cannot reach s3"):
        network(nat="none", interface_endpoints=ALL_FOR_NODES, gateway_endpoints=[])


def test_without_nat_private_subnets_have_no_internet_access() -> None:
    document = network(nat="none", interface_endpoints=ALL_FOR_NODES)
    assert "aws_nat_gateway" not in document["resource"]
    (route,) = resources(document, "aws_route")
    assert "internet" in route["gateway_id"]


def test_interface_endpoints_accept_https_from_the_vpc_in_one_group() -> None:
    document = network(interface_endpoints=["sts", "ecr.api"], cidr="10.1.0.0/16")
    group = only_resource(document, "aws_security_group")
    rule = only_resource(document, "aws_vpc_security_group_ingress_rule")
    assert (rule["cidr_ipv4"], rule["from_port"], rule["to_port"]) == ("10.1.0.0/16", 443, 443)
    assert "egress" not in group
    endpoints = [e for e in resources(document, "aws_vpc_endpoint") if e["vpc_endpoint_type"] == "Interface"]
    assert len({tuple(endpoint["security_group_ids"]) for endpoint in endpoints}) == 1
    assert all(endpoint["private_dns_enabled"] for endpoint in endpoints)


def test_every_tier_but_the_public_reaches_s3_and_dynamodb_inside_aws(default: Any) -> None:
    for endpoint in resources(default, "aws_vpc_endpoint"):
        tables = " ".join(endpoint["route_table_ids"])
        assert "public" not in tables
        assert all(tier in tables for tier in ("private_routes_a", "private_routes_b", "database", "intra"))


def test_the_default_security_group_and_route_table_are_empty(default: Any) -> None:
    group = only_resource(default, "aws_default_security_group")
    assert not {"ingress", "egress"} & set(group)
    assert only_resource(default, "aws_default_route_table")["route"] == []


def test_flow_logs_hold_all_traffic_encrypted_for_the_configured_days() -> None:
    document = network(flow_log_days=731)
    log, group = only_resource(document, "aws_flow_log"), only_resource(document, "aws_cloudwatch_log_group")
    assert log["traffic_type"] == "ALL"
    assert group["retention_in_days"] == 731
    assert "aws_kms_key" in group["kms_key_id"]


def test_flow_logs_can_go_to_a_bucket_as_parquet() -> None:
    """VPC user guide, "Publish flow logs to Amazon S3": formats, and the bucket's and the key's policy."""
    document = network(flow_logs="s3", flow_log_days=90)
    log = only_resource(document, "aws_flow_log")
    assert (log["log_destination_type"], log["destination_options"]["file_format"]) == ("s3", "parquet")
    assert "iam_role_arn" not in log
    assert not resources(document, "aws_cloudwatch_log_group")
    (rule,) = only_resource(document, "aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["expiration"] == [{"days": 90}]
    written = statements(only_resource(document, "aws_s3_bucket_policy")["policy"])["LogDeliveryWrites"]
    assert written["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert written["Condition"]["StringEquals"]["aws:SourceAccount"] == "111122223333"
    assert "LogDeliveryEncrypts" in statements(only_resource(document, "aws_kms_key")["policy"])


def test_a_preset_names_the_endpoints_that_private_nodes_need() -> None:
    document = network(nat="none", endpoint_preset="private_nodes", interface_endpoints=["xray"])
    services = {
        each["service_name"].removeprefix("com.amazonaws.eu-west-2.")
        for each in resources(document, "aws_vpc_endpoint")
    }
    assert services == {"s3", "dynamodb", "xray", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"}


def test_only_flow_logs_of_this_account_can_use_the_role(default: Any) -> None:
    trust = statements(only_resource(default, "aws_iam_role")["assume_role_policy"])["ServiceAssumes"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    assert trust["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:ec2:eu-west-2:111122223333:vpc-flow-log/*"}


def test_an_existing_vpc_is_passed_on_and_nothing_is_created() -> None:
    document = network(existing=EXISTING)
    assert "resource" not in document
    assert document["output"]["vpc_id"]["value"] == EXISTING["vpc_id"]
    assert document["output"]["private_subnet_ids"]["value"] == EXISTING["private_subnet_ids"]


class Reader(Construct):
    """Reads the attributes that later stacks read."""

    def __init__(self, scope: Construct, network_stack: NetworkStack) -> None:
        super().__init__(scope, "reader")
        self.read = [
            network_stack.vpc_id,
            network_stack.vpc_cidr,
            network_stack.public_subnet_ids,
            network_stack.private_subnet_ids,
            network_stack.database_subnet_ids,
            network_stack.intra_subnet_ids,
        ]


@pytest.mark.parametrize("values", [{}, {"existing": EXISTING}])
def test_a_new_and_an_existing_vpc_offer_the_same_attributes(values: dict[str, Any]) -> None:
    app: App = Testing.app()
    built: Environment = environment(network=values)
    assert all(part is not None for part in Reader(app, NetworkStack(app, built)).read)


def test_an_existing_vpc_without_intra_subnets_uses_the_private_ones() -> None:
    stack = NetworkStack(Testing.app(), environment(network={"existing": EXISTING}))
    assert stack.intra_subnet_ids == EXISTING["private_subnet_ids"]


def test_logical_ids_do_not_depend_on_the_environment(default: Any) -> None:
    other = json.loads(Testing.synth(NetworkStack(Testing.app(), environment(name="prod", organisation="umbrella"))))
    assert {kind: set(named) for kind, named in other["resource"].items()} == {
        kind: set(named) for kind, named in default["resource"].items()
    }
