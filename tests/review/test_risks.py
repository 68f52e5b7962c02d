"""Each rule reports what it should, and nothing where nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.review.model import Concern, Severity
from tests.review.trees import STACK, resources, review, review_of, risks_of

Body = dict[str, Any]
RULE = "aws_vpc_security_group_ingress_rule"
ANYWHERE = {"cidr_ipv4": "0.0.0.0/0", "ip_protocol": "tcp", "from_port": 443, "to_port": 443}
INSIDE = {**ANYWHERE, "cidr_ipv4": "10.0.0.0/16"}
BLOCK = dict.fromkeys(
    ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True
)


def of(type_: str, body: Body | None) -> Any:
    return {} if body is None else resources(**{type_: {"x": body}})


def sentences(concern: Concern, type_: str, before: Body | None, after: Body | None) -> list[tuple[str, str]]:
    risks = risks_of(of(type_, before), of(type_, after), concern)
    assert all(risk.origin and risk.address == f"{type_}.x" for risk in risks)
    return [(risk.severity.value, risk.sentence) for risk in risks]


# ── data ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("type_", ["aws_s3_bucket", "aws_db_instance", "aws_kms_key", "aws_secretsmanager_secret"])
def test_destroying_a_resource_that_holds_data_is_high(type_: str) -> None:
    (sentence,) = sentences(Concern.DATA_LOSS, type_, {"name": "a"}, None)
    assert sentence[0] == "high"


def test_destroying_a_resource_without_data_is_low() -> None:
    assert sentences(Concern.DATA_LOSS, "aws_route", {"a": 1}, None) == [("low", "aws_route is destroyed.")]


@pytest.mark.parametrize(
    ("type_", "before", "after"),
    [
        ("aws_dynamodb_table", {"name": "a", "hash_key": "id"}, {"name": "a", "hash_key": "key"}),
        ("aws_s3_bucket", {"bucket": "a"}, {"bucket": "b"}),
        ("aws_eks_cluster", {"kubernetes_network_config": {"ip_family": "ipv4"}},
         {"kubernetes_network_config": {"ip_family": "ipv6"}}),
        ("aws_db_instance", {"storage_encrypted": False}, {"storage_encrypted": True}),
    ],
)  # fmt: skip
def test_a_change_that_forces_a_replacement_names_the_attribute(type_: str, before: Body, after: Body) -> None:
    base, head = of(type_, before), of(type_, after)
    (risk,) = risks_of(base, head, Concern.DATA_LOSS)
    assert risk.severity == Severity.HIGH
    (change,) = review(base, head).stacks[0].resources
    assert change.forces_replacement
    assert change.forces_replacement[0] in risk.sentence


def test_a_change_in_place_loses_nothing() -> None:
    assert sentences(Concern.DATA_LOSS, "aws_s3_bucket", {"bucket": "a"}, {"bucket": "a", "tags": {}}) == []


def test_a_removed_stack_is_a_risk() -> None:
    report = review_of({STACK: of("x_y", {"a": 1}), "dev-b": {}}, {"dev-b": {}})
    assert any("no longer in the code" in risk.sentence and risk.stack == STACK for risk in report.risks)


def test_a_renamed_stack_is_reported_with_its_old_name() -> None:
    terraform_ = resources(aws_s3_bucket={"b": {"bucket": "a"}}, aws_sqs_queue={"q": {"name": "q"}})
    risks_of_new = [
        risk for risk in review_of({"dev-old": terraform_}, {"dev-new": terraform_}).risks if risk.stack == "dev-new"
    ]
    assert any("dev-old under another name" in risk.sentence for risk in risks_of_new)
    other = review_of({"dev-old": terraform_}, {"dev-new": resources(x_y={"z": {}})})
    assert not any("another name" in risk.sentence for risk in other.risks)


def test_data_that_moves_to_another_stack_is_recognised() -> None:
    bucket, queue = resources(aws_s3_bucket={"b": {"bucket": "a"}}), resources(x_y={"z": {}})
    moved = review_of({"dev-a": bucket, "dev-b": queue}, {"dev-a": {}, "dev-b": bucket})
    assert any("aws_s3_bucket.b of dev-a" in risk.sentence for risk in moved.risks if risk.stack == "dev-b")
    new = resources(aws_s3_bucket={"b": {"bucket": "another"}})
    added = review_of({"dev-a": bucket, "dev-b": {}}, {"dev-a": {}, "dev-b": new})
    assert not any("looks like" in risk.sentence for risk in added.risks)


@pytest.mark.parametrize(
    ("type_", "switch"),
    [
        ("aws_s3_bucket", {"force_destroy": True}),
        ("aws_db_instance", {"skip_final_snapshot": True}),
        ("aws_secretsmanager_secret", {"recovery_window_in_days": 0}),
        ("aws_ecr_repository", {"force_delete": True}),
    ],
)
def test_a_switch_that_deletes_content_on_destroy_is_high(type_: str, switch: Body) -> None:
    assert [level for level, _ in sentences(Concern.DATA_LOSS, type_, {}, switch)] == ["high"]
    assert [level for level, _ in sentences(Concern.DATA_LOSS, type_, None, switch)] == ["medium"]
    assert sentences(Concern.DATA_LOSS, type_, switch, {**switch, "tags": {}}) == []


# ── network ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("type_", "before", "after", "severity"),
    [
        (RULE, None, ANYWHERE, "high"),
        (RULE, INSIDE, ANYWHERE, "high"),
        (RULE, None, INSIDE, "medium"),
        (RULE, INSIDE, {**INSIDE, "to_port": 444}, "medium"),
        (RULE, INSIDE, {**INSIDE, "cidr_ipv4": "10.0.0.0/8"}, "medium"),
        ("aws_vpc_security_group_egress_rule", None, ANYWHERE, "medium"),
        ("aws_security_group", {"ingress": []}, {"ingress": [{"cidr_blocks": ["::/0"], "protocol": "-1"}]}, "high"),
        ("aws_network_acl_rule", None, {"rule_action": "allow", "cidr_block": "0.0.0.0/0", "protocol": "6"}, "high"),
        ("aws_s3_bucket_public_access_block", BLOCK, {**BLOCK, "block_public_policy": False}, "high"),
        ("aws_db_instance", {}, {"publicly_accessible": True}, "high"),
        ("aws_instance", {}, {"associate_public_ip_address": True}, "medium"),
        ("aws_lb", {"internal": True}, {"internal": False}, "medium"),
        ("aws_api_gateway_method", {"authorization": "AWS_IAM"}, {"authorization": "NONE"}, "high"),
        ("aws_api_gateway_method", {"authorization": "AWS_IAM", "api_key_required": True},
         {"authorization": "AWS_IAM"}, "medium"),
        ("aws_apigatewayv2_route", {"authorization_type": "AWS_IAM"}, {"route_key": "GET /"}, "high"),
        ("aws_lambda_function_url", None, {"authorization_type": "NONE"}, "high"),
        ("aws_eks_cluster", {"vpc_config": {"endpoint_public_access": False}},
         {"vpc_config": {"endpoint_public_access": True}}, "high"),
        ("aws_eks_cluster", {"vpc_config": {"endpoint_public_access": False}},
         {"vpc_config": {"endpoint_public_access": True, "public_access_cidrs": ["192.0.2.0/24"]}}, "medium"),
        ("aws_ebs_snapshot_block_public_access", {"state": "block-all-sharing"}, None, "high"),
    ],
)  # fmt: skip
def test_what_opens_the_network_is_found(type_: str, before: Body | None, after: Body | None, severity: str) -> None:
    assert [level for level, _ in sentences(Concern.NETWORK, type_, before, after)] == [severity]


@pytest.mark.parametrize(
    ("type_", "before", "after"),
    [
        (RULE, ANYWHERE, None),
        (RULE, ANYWHERE, INSIDE),
        (RULE, ANYWHERE, {**ANYWHERE, "description": "web"}),
        (RULE, {**ANYWHERE, "to_port": 500}, ANYWHERE),
        ("aws_security_group", {"ingress": [{"cidr_blocks": ["10.0.0.0/8"], "protocol": "-1"}]},
         {"ingress": [{"cidr_blocks": ["10.1.0.0/16"], "protocol": "tcp", "from_port": 1, "to_port": 2}]}),
        ("aws_network_acl_rule", None, {"rule_action": "deny", "cidr_block": "0.0.0.0/0"}),
        ("aws_s3_bucket_public_access_block", None, BLOCK),
        ("aws_api_gateway_method", None, {"authorization": "NONE", "http_method": "OPTIONS"}),
        ("aws_api_gateway_method", {"authorization": "NONE"}, {"authorization": "AWS_IAM"}),
        ("aws_lb", None, {"internal": True}),
        ("aws_eks_cluster", {"vpc_config": {"endpoint_public_access": True}},
         {"vpc_config": {"endpoint_public_access": True, "public_access_cidrs": ["192.0.2.0/24"]}}),
    ],
)  # fmt: skip
def test_a_change_that_opens_nothing_gives_no_risk(type_: str, before: Body | None, after: Body | None) -> None:
    assert sentences(Concern.NETWORK, type_, before, after) == []


FROM_OFFICE = '${[ for key, val in toset(["22"]): {"from_port" = val, "cidr_blocks" = ["10.0.0.0/8"]}]}'
FROM_ANYWHERE = FROM_OFFICE.replace("10.0.0.0/8", "0.0.0.0/0")
EACH = {"cidr_ipv4": "${each.value}", "from_port": 22, "to_port": 22, "ip_protocol": "tcp"}


@pytest.mark.parametrize(
    ("type_", "before", "after", "severity"),
    [
        ("aws_security_group", {"ingress": FROM_OFFICE}, {"ingress": FROM_ANYWHERE}, "high"),
        ("aws_security_group", None, {"ingress": FROM_OFFICE}, "medium"),
        ("aws_security_group", {"ingress": FROM_OFFICE}, {"ingress": "${local.rules}"}, "medium"),
        (
            "aws_security_group",
            {"dynamic": {"ingress": {"for_each": "${local.a}"}}},
            {"dynamic": {"ingress": {"for_each": "${local.b}"}}},
            "medium",
        ),
        (
            "aws_vpc_security_group_ingress_rule",
            {**EACH, "for_each": '${toset(["10.0.0.0/8"])}'},
            {**EACH, "for_each": '${toset(["0.0.0.0/0"])}'},
            "high",
        ),
        ("aws_security_group_rule", {**EACH, "for_each": "${local.a}"}, {**EACH, "for_each": "${local.b}"}, "medium"),
    ],
)
def test_rules_that_an_expression_makes_are_a_risk(
    type_: str, before: Body | None, after: Body | None, severity: str
) -> None:
    reported = sentences(Concern.NETWORK, type_, before, after)
    assert [level for level, sentence in reported if "not known here" in sentence] == [severity]


def test_rules_of_an_expression_that_stays_are_no_risk() -> None:
    body = {"ingress": FROM_ANYWHERE, "description": "a"}
    assert sentences(Concern.NETWORK, "aws_security_group", body, {**body, "description": "b"}) == []


def test_removing_a_public_access_block_is_high_unless_the_bucket_goes() -> None:
    both = {
        **resources(
            aws_s3_bucket={"b": {}}, aws_s3_bucket_public_access_block={"x": {"bucket": "${aws_s3_bucket.b.id}"}}
        )
    }
    (risk,) = risks_of(both, resources(aws_s3_bucket={"b": {}}), Concern.NETWORK)
    assert risk.severity == Severity.HIGH
    assert risks_of(both, {}, Concern.NETWORK) == []


# ── protection ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("type_", "on", "off", "severity"),
    [
        ("x_y", {"lifecycle": {"prevent_destroy": True}}, {}, "high"),
        ("aws_db_instance", {"deletion_protection": True}, {"deletion_protection": False}, "high"),
        ("aws_db_instance", {"deletion_protection": True}, {}, "high"),
        ("aws_ecr_repository_creation_template", {"image_tag_mutability": "IMMUTABLE"}, {}, "medium"),
        ("aws_dynamodb_table", {"point_in_time_recovery": {"enabled": True}}, {}, "high"),
        ("aws_s3_bucket_versioning", {"versioning_configuration": {"status": "Enabled"}},
         {"versioning_configuration": {"status": "Suspended"}}, "high"),
        ("aws_cloudwatch_log_group", {"kms_key_id": "${aws_kms_key.k.arn}"}, {}, "high"),
        ("aws_kms_key", {"enable_key_rotation": True}, {}, "medium"),
        ("aws_cloudwatch_log_group", {"retention_in_days": 90}, {"retention_in_days": 7}, "medium"),
        ("aws_cloudwatch_log_group", {}, {"retention_in_days": 7}, "medium"),
        ("aws_db_instance", {"backup_retention_period": 14}, {"backup_retention_period": 0}, "high"),
        ("aws_launch_template", {"metadata_options": {"http_tokens": "required"}},
         {"metadata_options": {"http_tokens": "optional"}}, "high"),
        ("aws_api_gateway_domain_name", {"security_policy": "TLS_1_2"}, {"security_policy": "TLS_1_0"}, "high"),
        ("aws_lb_listener", {"ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
         {"ssl_policy": "ELBSecurityPolicy-2016-08"}, "high"),
        ("aws_lb_listener", {"protocol": "HTTPS"}, {"protocol": "HTTP"}, "high"),
        ("aws_s3_bucket_server_side_encryption_configuration",
         {"rule": [{"apply_server_side_encryption_by_default": {"kms_master_key_id": "k"}}]},
         {"rule": [{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]}, "high"),
        ("aws_guardduty_detector", {"enable": True}, {"enable": False}, "high"),
        ("aws_cloudtrail", {"is_multi_region_trail": True}, {"is_multi_region_trail": False}, "high"),
        ("aws_eks_cluster", {"encryption_config": {"resources": ["secrets"]}}, {"name": "c"}, "high"),
    ],
)  # fmt: skip
def test_only_switching_a_protection_off_is_a_risk(type_: str, on: Body, off: Body, severity: str) -> None:
    assert severity in [level for level, _ in sentences(Concern.PROTECTION, type_, on, off)]
    assert sentences(Concern.PROTECTION, type_, off, on) == []
    assert sentences(Concern.PROTECTION, type_, on, {**on, "tags": {"a": "b"}}) == []


@pytest.mark.parametrize("type_", ["aws_db_instance", "aws_efs_file_system", "aws_instance"])
def test_a_new_resource_without_protection_is_medium(type_: str) -> None:
    assert [level for level, _ in sentences(Concern.PROTECTION, type_, None, {"name": "a"})] == ["medium"]


def test_removing_versioning_from_a_bucket_is_high() -> None:
    bucket = {"b": {"bucket": "a"}}
    both = resources(aws_s3_bucket=bucket, aws_s3_bucket_versioning={"v": {"bucket": "${aws_s3_bucket.b.id}"}})
    (risk,) = risks_of(both, resources(aws_s3_bucket=bucket), Concern.PROTECTION)
    assert risk.severity == Severity.HIGH
    assert risks_of(both, {}, Concern.PROTECTION) == []


# ── cost ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("type_", "small", "large"),
    [
        ("aws_instance", {"instance_type": "t3.small"}, {"instance_type": "t3.large"}),
        ("aws_db_instance", {"instance_class": "db.t4g.micro"}, {"instance_class": "db.t4g.2xlarge"}),
        ("aws_eks_node_group", {"scaling_config": {"max_size": 3}}, {"scaling_config": {"max_size": 6}}),
        ("aws_dynamodb_table", {"read_capacity": 5}, {"read_capacity": 50}),
        ("aws_lambda_function", {"memory_size": 256}, {"memory_size": 1024}),
        ("aws_cloudwatch_log_group", {"retention_in_days": 30}, {"retention_in_days": 365}),
        ("aws_cloudwatch_log_group", {"retention_in_days": 30}, {"retention_in_days": 0}),
        ("aws_db_instance", {"multi_az": False}, {"multi_az": True}),
        ("helm_release", {"values": ['{"replicas": {"min": 1}}']}, {"values": ['{"replicas": {"min": 4}}']}),
        (
            "helm_release",
            {"values": ['{"pools": {"general": {"limits": {"cpu": 64}}}}']},
            {"values": ['{"pools": {"general": {"limits": {"cpu": 128}}}}']},
        ),
    ],
)
def test_growth_is_a_risk_and_shrinking_is_not(type_: str, small: Body, large: Body) -> None:
    assert len(sentences(Concern.COST, type_, small, large)) == 1
    assert sentences(Concern.COST, type_, large, small) == []


def test_another_instance_family_is_a_risk_in_both_directions() -> None:
    for before, after in (("t3.small", "m6i.large"), ("m6i.large", "t3.small")):
        assert sentences(Concern.COST, "aws_instance", {"instance_type": before}, {"instance_type": after})


def test_several_new_gateways_are_one_risk_with_their_number() -> None:
    (risk,) = risks_of({}, resources(aws_nat_gateway={"a": {}, "b": {}}), Concern.COST)
    assert risk.sentence.startswith("2 aws_nat_gateway are added")


# ── providers ──────────────────────────────────────────────────────────────────────────────────────
def terraform(**settings: Any) -> Any:
    return {"terraform": settings}


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        (terraform(required_providers={"aws": {"version": "5.100.0"}}),
         terraform(required_providers={"aws": {"version": "6.0.0"}}), "medium"),
        (terraform(required_providers={"aws": {"source": "aws"}}),
         terraform(required_providers={"aws": {"source": "evil/aws"}}), "high"),
        (terraform(backend={"s3": {"key": "a"}}), terraform(backend={"s3": {"key": "b"}}), "high"),
        (terraform(backend={"s3": {"key": "a"}}), terraform(backend={"local": {"path": "b"}}), "high"),
        (terraform(backend={"s3": {"use_lockfile": True}}), terraform(backend={"s3": {}}), "high"),
        (terraform(backend={"s3": {}}), terraform(backend={"s3": {"max_retries": 2}}), "medium"),
        ({"provider": {"aws": [{"allowed_account_ids": ["1"]}]}}, {"provider": {"aws": [{}]}}, "high"),
        ({"provider": {"aws": [{}]}}, {"provider": {"aws": [{"assume_role": [{"role_arn": "a"}]}]}}, "high"),
        ({"provider": {"aws": [{}]}}, {"provider": {"aws": [{"max_retries": 2}]}}, "medium"),
    ],
)  # fmt: skip
def test_a_changed_provider_or_backend_is_a_risk(before: Any, after: Any, severity: str) -> None:
    risks = risks_of(before, after, Concern.PROVIDERS)
    assert {risk.severity.value for risk in risks} == {severity}
    assert all(risk.address == "" for risk in risks)
    assert risks_of(after, after, Concern.PROVIDERS) == []


def test_providers_of_a_new_stack_are_not_a_risk() -> None:
    head = terraform(backend={"s3": {"key": "a"}})
    assert not [risk for risk in review_of({}, {STACK: head}).risks if risk.concern == Concern.PROVIDERS]


# ── waivers ────────────────────────────────────────────────────────────────────────────────────────
WAIVER = {
    "address": "x_y.x", "check": "CKV_AWS_1", "reason": "because it is so and not otherwise", "expires": "2027-01-01",
    "source": "dev-data.py:7",
}  # fmt: skip


def waived(before: list[Body], after: list[Body]) -> list[tuple[str, str]]:
    terraform_ = of("x_y", {"a": 1})
    report = review_of(
        {STACK: terraform_}, {STACK: terraform_}, base_waivers={STACK: before}, head_waivers={STACK: after}
    )
    assert not report.changed
    return [(risk.severity.value, risk.sentence) for risk in report.risks if risk.concern == Concern.WAIVERS]


def test_a_new_waiver_is_shown_with_its_reason_and_line() -> None:
    terraform_ = of("x_y", {"a": 1})
    (risk,) = review_of({STACK: terraform_}, {STACK: terraform_}, head_waivers={STACK: [WAIVER]}).risks
    assert WAIVER["reason"] in risk.sentence
    assert [(line.file, line.line) for line in risk.origin] == [("stacks/dev-data.py", 7)]


def test_a_longer_waiver_or_another_reason_is_low() -> None:
    assert waived([WAIVER], [{**WAIVER, "expires": "2028-01-01"}])[0][0] == "low"
    assert waived([WAIVER], [{**WAIVER, "reason": "another reason that is as long"}])[0][0] == "low"


def test_a_waiver_that_moves_or_is_removed_gives_no_risk() -> None:
    assert waived([WAIVER], [{**WAIVER, "source": "dev-data.py:70"}]) == []
    assert waived([WAIVER], []) == []


# ── order ──────────────────────────────────────────────────────────────────────────────────────────
def test_risks_are_sorted_by_severity() -> None:
    base = resources(aws_s3_bucket={"a": {"bucket": "a"}}, aws_route={"r": {"a": 1}})
    levels = [risk.severity for risk in review(base, resources(aws_nat_gateway={"n": {}})).risks]
    assert levels == sorted(levels, key=list(Severity).index)
    assert len(set(levels)) == 3
