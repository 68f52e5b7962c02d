"""Who may call the API, what it checks and logs, and what its function may do."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from groundwork.packaging import host_target
from lambda_src.populate.models import PopulateRequest
from localcloud.aws.policy import Call, Principal, permitted
from stacks.blocks.api.populate_function import REQUEST_SCHEMA
from stacks.blocks.errors import IllegalComposition
from tests.support.api import EXISTING_NETWORK, synth_api
from tests.support.synth import only_resource, resources, statements

ACCOUNT, ARCHIVE = "111122223333", "444455556666"
JWT = {"issuer": "https://login.example.com", "audience": ["api"], "scopes": ["populate"]}
DOMAIN = {"name": "api.example.com", "zone": "example.com"}
Api = Callable[..., Any]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Synthesises the stack from values of its section, once for the same values."""
    folder = tmp_path_factory.mktemp("packages")

    @cache
    def synthesised(values: str) -> Any:
        return synth_api(folder, **json.loads(values))

    return lambda **values: synthesised(json.dumps(values))


def role_statements(document: Any) -> dict[str, dict[str, Any]]:
    return {
        sid: statement
        for policy in resources(document, "aws_iam_role_policy")
        for sid, statement in statements(policy["policy"]).items()
    }


# ── who may call ──────────────────────────────────────────────────────────────────────────────────────


def test_calls_must_be_signed_by_default(api: Api) -> None:
    method = only_resource(api(), "aws_api_gateway_method")
    assert method["authorization"] == "AWS_IAM"


def test_only_the_value_open_lets_everybody_call(api: Api) -> None:
    assert only_resource(api(authorisation="open"), "aws_api_gateway_method")["authorization"] == "NONE"
    assert (
        only_resource(api(kind="http", authorisation="open"), "aws_apigatewayv2_route")["authorization_type"] == "NONE"
    )
    for closed in ({"authorisation": "iam"}, {"authorisation": "api_key"}):
        method = only_resource(api(**closed), "aws_api_gateway_method")
        assert method["authorization"] == "AWS_IAM" or method["api_key_required"] is True
    for closed in ({"authorisation": "iam"}, {"authorisation": "jwt", "jwt": JWT}):
        assert only_resource(api(kind="http", **closed), "aws_apigatewayv2_route")["authorization_type"] != "NONE"


def test_an_http_api_checks_issuer_audience_and_scopes_of_tokens(api: Api) -> None:
    document = api(kind="http", authorisation="jwt", jwt=JWT)
    authorizer = only_resource(document, "aws_apigatewayv2_authorizer")
    assert authorizer["jwt_configuration"] == {"issuer": "https://login.example.com", "audience": ["api"]}
    assert only_resource(document, "aws_apigatewayv2_route")["authorization_scopes"] == ["populate"]


def test_api_keys_come_with_a_usage_plan_and_never_enter_the_state(api: Api) -> None:
    document = api(authorisation="api_key", quota={"requests": 50, "per": "WEEK"})
    plan = only_resource(document, "aws_api_gateway_usage_plan")
    assert plan["quota_settings"] == {"limit": 50, "period": "WEEK"}
    assert plan["throttle_settings"] == {"rate_limit": 50, "burst_limit": 100}
    assert resources(document, "aws_api_gateway_api_key") == []


@pytest.mark.parametrize(("address", "expected"), [("10.1.2.3", True), ("192.0.2.1", False)])
def test_only_allowed_addresses_may_call(api: Api, address: str, expected: bool) -> None:
    policy = only_resource(api(authorisation="open", allowed_cidrs=["10.0.0.0/8"]), "aws_api_gateway_rest_api_policy")[
        "policy"
    ]
    reference = json.loads(policy)["Statement"][0]["Resource"]
    call = Call(
        principal=Principal(account="", arn=""),
        action="execute-api:Invoke",
        resource=f"arn:aws:execute-api:eu-west-2:{ACCOUNT}:api/prod/POST/populate",
        context={"aws:SourceIp": [address]},
    )
    known = policy.replace(reference, f"arn:aws:execute-api:eu-west-2:{ACCOUNT}:api/*")
    assert permitted(known, call, owner=ACCOUNT) is expected


def test_allowed_addresses_still_have_to_sign_their_calls(api: Api) -> None:
    policy = only_resource(api(authorisation="iam", allowed_cidrs=["10.0.0.0/8"]), "aws_api_gateway_rest_api_policy")[
        "policy"
    ]
    assert statements(policy)["LetNamedAddressesCall"]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_the_firewall_blocks_log4j_limits_addresses_and_logs_no_keys(api: Api) -> None:
    document = api(waf=True, waf_limits={"requests_per_address": 70})
    rules = {rule["name"]: rule for rule in only_resource(document, "aws_wafv2_web_acl")["rule"]}
    assert "AWSManagedRulesKnownBadInputsRuleSet" in rules
    assert rules["requests-per-address"]["statement"]["rate_based_statement"]["limit"] == 70
    assert only_resource(document, "aws_wafv2_web_acl_association")["resource_arn"].startswith(
        "${aws_api_gateway_stage."
    )
    redacted = only_resource(document, "aws_wafv2_web_acl_logging_configuration")["redacted_fields"]
    assert {field["single_header"]["name"] for field in redacted} == {"authorization", "x-api-key"}


@pytest.mark.parametrize(
    ("values", "kind", "key"),
    [
        ({"kind": "rest"}, "aws_api_gateway_method_settings", "settings"),
        ({"kind": "http"}, "aws_apigatewayv2_stage", "default_route_settings"),
    ],
)
def test_a_throttle_is_always_set(api: Api, values: dict[str, str], kind: str, key: str) -> None:
    settings = only_resource(api(**values), kind)[key]
    assert (settings["throttling_rate_limit"], settings["throttling_burst_limit"]) == (50, 100)


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_api_gateway_may_call_this_route_of_this_stage_only(api: Api, kind: str) -> None:
    permission = only_resource(api(kind=kind, stage="v2"), "aws_lambda_permission")
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["source_arn"].endswith(".execution_arn}/v2/POST/populate")
    assert permission["qualifier"].startswith("${aws_lambda_alias.")


# ── requests ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_rest_api_checks_bodies_by_the_function_s_own_limits() -> None:
    function = PopulateRequest.model_json_schema()["properties"]
    assert set(REQUEST_SCHEMA["properties"]) == set(function)
    records = next(each for each in function["records"]["anyOf"] if each["type"] == "integer")
    assert REQUEST_SCHEMA["properties"]["records"]["minimum"] == records["minimum"]
    assert REQUEST_SCHEMA["properties"]["records"]["maximum"] == records["maximum"]


def test_a_change_of_the_api_makes_a_new_deployment(api: Api) -> None:
    def triggers(**values: Any) -> dict[str, str]:
        made: dict[str, str] = only_resource(api(**values), "aws_api_gateway_deployment")["triggers"]
        return made

    assert triggers() == triggers(log_days=400)
    assert triggers() != triggers(authorisation="open")
    assert triggers() != triggers(allowed_cidrs=["10.0.0.0/8"])
    assert triggers() != triggers(domain=DOMAIN)


@pytest.mark.parametrize(("kind", "stage"), [("rest", "aws_api_gateway_stage"), ("http", "aws_apigatewayv2_stage")])
def test_every_request_is_logged_as_json_in_an_encrypted_group(api: Api, kind: str, stage: str) -> None:
    document = api(kind=kind)
    line = json.loads(only_resource(document, stage)["access_log_settings"]["format"])
    assert line["requestId"] == "$context.requestId"
    assert line["status"] == "$context.status"
    groups = resources(document, "aws_cloudwatch_log_group")
    assert all(group["kms_key_id"].startswith("${aws_kms_key.") for group in groups)
    assert all(group["retention_in_days"] == 365 for group in groups)


def test_a_rest_api_is_deployed_after_the_account_s_log_role(tmp_path: Path) -> None:
    from cdktf import Testing

    from stacks.account import AccountStack
    from stacks.api import ApiStack
    from stacks.network import NetworkStack
    from tests.support.api import tiny_packages
    from tests.support.synth import environment

    for kind, expected in (("rest", ["dev-account"]), ("http", [])):
        scope, values = Testing.app(), environment(api={"kind": kind})
        account = AccountStack(scope, values)
        stack = ApiStack(
            scope,
            values,
            network=NetworkStack(scope, values),
            account=account,
            package_source=tiny_packages(tmp_path),
        )
        assert [each.node.id for each in stack.dependencies if each.node.id == "dev-account"] == expected


# ── name and certificate ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.row("4.21")
def test_without_a_domain_the_api_answers_at_its_default_endpoint(api: Api) -> None:
    assert only_resource(api(), "aws_api_gateway_rest_api")["disable_execute_api_endpoint"] is False


@pytest.mark.parametrize(("kind", "type_"), [("rest", "aws_api_gateway_rest_api"), ("http", "aws_apigatewayv2_api")])
def test_a_domain_disables_the_default_endpoint_unless_a_value_keeps_it(api: Api, kind: str, type_: str) -> None:
    assert only_resource(api(kind=kind, domain=DOMAIN), type_)["disable_execute_api_endpoint"] is True
    both = api(kind=kind, domain={**DOMAIN, "keep_default_endpoint": True})
    assert only_resource(both, type_)["disable_execute_api_endpoint"] is False


def test_a_domain_requires_tls_1_2(api: Api) -> None:
    assert only_resource(api(domain=DOMAIN), "aws_api_gateway_domain_name")["security_policy"] == "TLS_1_2"
    http = only_resource(api(kind="http", domain=DOMAIN), "aws_apigatewayv2_domain_name")
    assert http["domain_name_configuration"]["security_policy"] == "TLS_1_2"


@pytest.mark.row("4.21")
def test_a_domain_gets_a_zone_a_validated_certificate_and_a_record(api: Api) -> None:
    document = api(domain=DOMAIN)
    assert only_resource(document, "aws_route53_zone")["name"] == "example.com"
    assert only_resource(document, "aws_acm_certificate")["validation_method"] == "DNS"
    records = resources(document, "aws_route53_record")
    assert [record["name"] for record in records if "alias" in record] == ["api.example.com"]


def test_an_existing_zone_and_an_imported_certificate_are_used(api: Api) -> None:
    arn = f"arn:aws:acm:eu-west-2:{ACCOUNT}:certificate/1"
    document = api(domain={**DOMAIN, "zone_id": "Z123ABC", "certificate_arn": arn})
    assert resources(document, "aws_route53_zone") == []
    assert resources(document, "aws_acm_certificate") == []
    assert only_resource(document, "aws_api_gateway_domain_name")["regional_certificate_arn"] == arn
    assert only_resource(document, "aws_route53_record")["zone_id"] == "Z123ABC"


def test_a_base_path_is_mapped_and_passed_to_the_function(api: Api) -> None:
    document = api(domain={**DOMAIN, "base_path": "v1"})
    assert only_resource(document, "aws_api_gateway_base_path_mapping")["base_path"] == "v1"
    assert only_resource(document, "aws_lambda_function")["environment"]["variables"]["API_BASE_PATH"] == "v1"
    assert document["output"]["endpoint"]["value"] == "https://api.example.com/v1/populate"


# ── the function ──────────────────────────────────────────────────────────────────────────────────────


def test_the_function_s_zip_is_copied_into_the_stack_s_folder(api: Api) -> None:
    function = only_resource(api(), "aws_lambda_function")
    assert function["filename"].startswith("assets/")
    assert function["source_code_hash"] == "checksum of populate-python3.13-arm64.zip"
    assert (function["runtime"], function["architectures"]) == ("python3.13", ["arm64"])


def test_on_a_laptop_the_function_runs_on_the_laptop_s_python(api: Api) -> None:
    host = host_target()
    document = api(
        function={"runtime": "host", "architecture": "host"},
        environment_target="laptop",
        environment_accounts={"main": {"id": "000000000000"}},
    )
    function = only_resource(document, "aws_lambda_function")
    assert (function["runtime"], function["architectures"]) == (host.runtime, [host.architecture])


@pytest.mark.row("4.29")
def test_callers_reach_the_newest_version_or_a_previous_one_by_value(api: Api) -> None:
    assert only_resource(api(), "aws_lambda_alias")["function_version"].endswith(".version}")
    assert only_resource(api(function={"previous_version": "7"}), "aws_lambda_alias")["function_version"] == "7"
    assert only_resource(api(), "aws_lambda_function")["publish"] is True


def test_values_set_reserved_and_provisioned_concurrency(api: Api) -> None:
    document = api(function={"reserved_concurrency": 9, "provisioned_concurrency": 3})
    assert only_resource(document, "aws_lambda_function")["reserved_concurrent_executions"] == 9
    warm = only_resource(document, "aws_lambda_provisioned_concurrency_config")
    assert warm["provisioned_concurrent_executions"] == 3
    assert resources(api(), "aws_lambda_provisioned_concurrency_config") == []


@pytest.mark.parametrize(
    ("values", "traced"),
    [
        ({}, False),
        ({"function": {"in_vpc": False}}, True),
        ({"function": {"source": "listings"}}, True),
        ({"environment_network": {**EXISTING_NETWORK, "interface_endpoints": ["xray"]}}, True),
    ],
)
def test_the_function_is_traced_where_it_reaches_xray(api: Api, values: dict[str, Any], traced: bool) -> None:
    """X-Ray developer guide, "Using AWS X-Ray with VPC endpoints": without the internet it takes an endpoint."""
    document = api(**values)
    mode = only_resource(document, "aws_lambda_function")["tracing_config"]["mode"]
    assert mode == ("Active" if traced else "PassThrough")
    assert ("SendTraces" in role_statements(document)) is traced


def test_with_an_endpoint_for_xray_the_function_may_connect_to_it(api: Api) -> None:
    rules = resources(
        api(environment_network={**EXISTING_NETWORK, "interface_endpoints": ["xray"]}),
        "aws_vpc_security_group_egress_rule",
    )
    assert [rule["cidr_ipv4"] for rule in rules if "cidr_ipv4" in rule] == ["10.0.0.0/16"]


def test_the_function_logs_json_into_its_own_group(api: Api) -> None:
    function = only_resource(api(), "aws_lambda_function")
    assert function["logging_config"]["log_format"] == "JSON"
    assert function["logging_config"]["log_group"].startswith("${aws_cloudwatch_log_group.")
    assert function["kms_key_arn"].startswith("${aws_kms_key.")
    assert "dead_letter_config" not in function


def test_in_the_vpc_the_function_reaches_only_s3_and_dynamodb(api: Api) -> None:
    document = api()
    assert only_resource(document, "aws_lambda_function")["vpc_config"]["subnet_ids"]
    rules = resources(document, "aws_vpc_security_group_egress_rule")
    assert [(rule["from_port"], rule["to_port"]) for rule in rules] == [(443, 443), (443, 443)]
    assert all(rule["prefix_list_id"].startswith("${data.aws_ec2_managed_prefix_list.") for rule in rules)
    assert resources(document, "aws_vpc_security_group_ingress_rule") == []


def test_outside_the_vpc_the_function_has_no_network_interface(api: Api) -> None:
    document = api(function={"in_vpc": False})
    assert "vpc_config" not in only_resource(document, "aws_lambda_function")
    assert resources(document, "aws_security_group") == []
    assert "LambdaAttachesFunction" not in role_statements(document)


def test_the_function_s_role_has_the_name_that_the_archive_trusts(api: Api) -> None:
    role = only_resource(api(), "aws_iam_role")
    assert role["name"] == "acme-dev-populate"
    trust = statements(role["assume_role_policy"])["ServiceAssumes"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_the_function_s_role_allows_only_what_it_needs(api: Api) -> None:
    by_sid = role_statements(api())
    assert by_sid["AddObjects"]["Resource"] == f"arn:aws:s3:::acme-dev-archive-{ARCHIVE}/records/*"
    assert by_sid["WriteOwnLogs"]["Resource"].endswith(".arn}:*")
    allowed = [statement for statement in by_sid.values() if statement["Effect"] == "Allow"]
    actions = [action for statement in allowed for action in _list(statement["Action"])]
    assert not [action for action in actions if "*" in action]
    assert {
        sid for sid, statement in by_sid.items() if statement["Effect"] == "Allow" and statement["Resource"] == "*"
    } == {
        "LambdaAttachesFunction",
    }


def test_the_code_cannot_use_lambda_s_right_to_attach_interfaces(api: Api) -> None:
    by_sid = role_statements(api())
    assert by_sid["CodeMayNot"]["Action"] == by_sid["LambdaAttachesFunction"]["Action"]
    function = f"arn:aws:lambda:eu-west-2:{ACCOUNT}:function:acme-dev-populate"
    assert by_sid["CodeMayNot"]["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": [function, f"{function}:*"]}}


def test_requests_are_remembered_in_an_encrypted_table_with_expiry(api: Api) -> None:
    table = only_resource(api(), "aws_dynamodb_table")
    assert table["hash_key"] == "id"
    assert table["ttl"] == {"attribute_name": "expiration", "enabled": True}
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["server_side_encryption"]["kms_key_arn"].startswith("${aws_kms_key.")


@pytest.mark.row("0.18")
def test_terraform_makes_the_listings_secret_without_its_value(api: Api) -> None:
    document = api(function={"source": "listings"})
    variables = only_resource(document, "aws_lambda_function")["environment"]["variables"]
    assert variables["LISTINGS_SECRET_ARN"].startswith("${aws_secretsmanager_secret.")
    assert resources(document, "aws_secretsmanager_secret_version") == []
    assert role_statements(document)["ReadSecret"]["Action"] == "secretsmanager:GetSecretValue"
    assert resources(api(), "aws_secretsmanager_secret") == []


def test_a_variable_that_the_function_does_not_read_is_refused(tmp_path: Path) -> None:
    from groundwork.errors import UsageError
    from stacks import packages

    with pytest.raises(UsageError, match="NONSENSE is not read by the function"):
        packages.described("populate").check_environment(["NONSENSE"])


def test_by_default_the_function_gets_the_time_and_memory_it_declares() -> None:
    from stacks import packages
    from stacks.values.api import Function

    declared = packages.described("populate")
    assert Function().timeout_seconds == declared.timeout_seconds
    assert Function().memory_mb == declared.memory_mb


@pytest.mark.row("3.11")
def test_the_stack_outputs_what_the_demo_and_people_need(api: Api) -> None:
    outputs = api()["output"]
    assert outputs["route"]["value"] == "POST /populate"
    assert outputs["endpoint"]["value"].endswith(".invoke_url}/populate")
    assert outputs["archive_bucket"]["value"] == f"acme-dev-archive-{ARCHIVE}"
    assert {"api_id", "stage", "custom_domain", "invoke_url", "function_name", "archive_prefix"} <= set(outputs)


def test_a_function_in_the_vpc_without_a_network_is_refused(tmp_path: Path) -> None:
    from cdktf import Testing

    from stacks.api import ApiStack
    from tests.support.api import tiny_packages
    from tests.support.synth import environment

    with pytest.raises(IllegalComposition) as caught:
        ApiStack(Testing.app(), environment(), network=None, package_source=tiny_packages(tmp_path))
    assert "the stack was given no network" in str(caught.value)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


# ── alarms ────────────────────────────────────────────────────────────────────────────────────────────


def alarms(document: Any) -> dict[str, dict[str, Any]]:
    """Name without its prefix → alarm."""
    return {
        alarm["alarm_name"].removeprefix("acme-dev-api-"): alarm
        for alarm in resources(document, "aws_cloudwatch_metric_alarm")
    }


def test_errors_throttles_and_slowness_raise_alarms_and_silence_does_not(api: Api) -> None:
    by_name = alarms(api(function={"timeout_seconds": 20}, alarms={"errors": 3, "slow_percent": 50}))
    assert {name: (alarm["metric_name"], alarm["threshold"]) for name, alarm in by_name.items()} == {
        "function-errors": ("Errors", 3),
        "function-throttles": ("Throttles", 3),
        "function-slow": ("Duration", 10_000),
        "api-errors": ("5XXError", 3),
    }
    assert by_name["function-slow"]["extended_statistic"] == "p95"
    assert by_name["api-errors"]["dimensions"] == {"ApiName": "acme-dev-api", "Stage": "prod"}
    assert {alarm["treat_missing_data"] for alarm in by_name.values()} == {"notBreaching"}
    assert not any("alarm_actions" in alarm for alarm in by_name.values())


def test_alarms_of_an_http_api_use_its_own_metric_names(api: Api) -> None:
    document = api(kind="http")
    alarm = alarms(document)["api-errors"]
    assert alarm["metric_name"] == "5xx"
    assert alarm["dimensions"]["ApiId"].startswith("${aws_apigatewayv2_api.")


def test_named_topics_are_notified_of_an_alarm_and_of_its_end(api: Api) -> None:
    topic = "arn:aws:sns:eu-west-2:111122223333:on-call"
    for alarm in alarms(api(alarms={"notify_arns": [topic]})).values():
        assert alarm["alarm_actions"] == alarm["ok_actions"] == [topic]


def test_a_dashboard_shows_rate_errors_and_duration(api: Api) -> None:
    dashboard = only_resource(api(), "aws_cloudwatch_dashboard")
    widgets = [widget["properties"] for widget in json.loads(dashboard["dashboard_body"])["widgets"]]
    shown = {(metric[0], metric[1], metric[-1]["stat"]) for widget in widgets for metric in widget["metrics"]}
    assert {
        ("AWS/ApiGateway", "5XXError", "Sum"),
        ("AWS/Lambda", "Duration", "p95"),
        ("AWS/Lambda", "Errors", "Sum"),
    } <= shown
    assert {widget["region"] for widget in widgets} == {"eu-west-2"}
    places = [(widget["x"], widget["y"]) for widget in json.loads(dashboard["dashboard_body"])["widgets"]]
    assert len(set(places)) == len(places) == 6


def test_without_alarms_there_is_no_dashboard(api: Api) -> None:
    document = api(alarms=None)
    assert not {"aws_cloudwatch_metric_alarm", "aws_cloudwatch_dashboard"} & set(document["resource"])
