"""The real provider with the laptop's profile: functions, APIs and buckets apply, plan empty, answer, are destroyed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from functions import RUNTIME, zip_of

from localcloud.cloud import LocalCloud, Status
from tests.support import terraform

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

# What a user's shell may hold; none of it may be used.
REAL_LOOKING = {
    "AWS_ACCESS_KEY_ID": "AKIA" + "REALLOOKING00000",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_PROFILE": "work",
}

CONFIGURATION = """
provider "aws" {
  profile                  = "groundwork-laptop"
  region                   = "eu-west-2"
  shared_config_files      = ["PROFILE/config"]
  shared_credentials_files = ["PROFILE/credentials"]
  allowed_account_ids      = ["000000000000"]
  max_retries              = 2
}

data "aws_caller_identity" "me" {}

output "account" { value = data.aws_caller_identity.me.account_id }
output "http_api" { value = aws_apigatewayv2_api.http.id }
output "rest_api" { value = aws_api_gateway_rest_api.rest.id }

resource "aws_iam_role" "function" {
  name               = "contract-function"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}

resource "aws_cloudwatch_log_group" "function" { name = "/contract/function" }
resource "aws_cloudwatch_log_group" "access" { name = "/contract/access" }
resource "aws_kms_key" "function" { deletion_window_in_days = 7 }

resource "aws_lambda_function" "populate" {
  function_name                  = "contract-populate"
  role                           = aws_iam_role.function.arn
  filename                       = "function.zip"
  source_code_hash               = filebase64sha256("function.zip")
  handler                        = "handler.handle"
  runtime                        = "RUNTIME"
  memory_size                    = 256
  timeout                        = 10
  publish                        = true
  kms_key_arn                    = aws_kms_key.function.arn
  reserved_concurrent_executions = 5
  dead_letter_config { target_arn = "arn:aws:sqs:eu-west-2:000000000000:dead" }
  tracing_config { mode = "Active" }
  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.function.name
  }
  environment { variables = { SETTING = "blue" } }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.populate.function_name
  function_version = aws_lambda_function.populate.version
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_alias.live.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = 1
}

resource "aws_signer_signing_profile" "code" { platform_id = "AWSLambda-SHA384-ECDSA" }

resource "aws_lambda_code_signing_config" "code" {
  allowed_publishers { signing_profile_version_arns = [aws_signer_signing_profile.code.version_arn] }
  policies { untrusted_artifact_on_deployment = "Warn" }
}

resource "aws_lambda_permission" "http" {
  statement_id  = "http"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.live.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*/*/populate"
}

resource "aws_lambda_permission" "rest" {
  statement_id  = "rest"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.live.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.rest.execution_arn}/*/*/populate"
}

resource "aws_apigatewayv2_api" "http" {
  name          = "contract-http"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "http" {
  api_id                 = aws_apigatewayv2_api.http.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "http" {
  api_id             = aws_apigatewayv2_api.http.id
  route_key          = "POST /populate"
  target             = "integrations/${aws_apigatewayv2_integration.http.id}"
  authorization_type = "NONE"
}

resource "aws_apigatewayv2_stage" "http" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "$default"
  auto_deploy = true
  default_route_settings {
    throttling_burst_limit = 20
    throttling_rate_limit  = 10
  }
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = "$context.requestId $context.status"
  }
}

resource "aws_acm_certificate" "api" {
  domain_name       = "api.contract.example.com"
  validation_method = "DNS"
}

resource "aws_apigatewayv2_domain_name" "http" {
  domain_name = "api.contract.example.com"
  domain_name_configuration {
    certificate_arn = aws_acm_certificate.api.arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "http" {
  api_id      = aws_apigatewayv2_api.http.id
  domain_name = aws_apigatewayv2_domain_name.http.id
  stage       = aws_apigatewayv2_stage.http.id
}

resource "aws_api_gateway_rest_api" "rest" {
  name = "contract-rest"
  endpoint_configuration { types = ["REGIONAL"] }
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect    = "Allow"
    Principal = "*"
    Action    = "execute-api:Invoke"
    Resource  = "*"
    Condition = { IpAddress = { "aws:SourceIp" = ["127.0.0.0/8"] } }
  }] })
}

resource "aws_api_gateway_resource" "populate" {
  rest_api_id = aws_api_gateway_rest_api.rest.id
  parent_id   = aws_api_gateway_rest_api.rest.root_resource_id
  path_part   = "populate"
}

resource "aws_api_gateway_method" "populate" {
  rest_api_id   = aws_api_gateway_rest_api.rest.id
  resource_id   = aws_api_gateway_resource.populate.id
  http_method   = "POST"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "populate" {
  rest_api_id             = aws_api_gateway_rest_api.rest.id
  resource_id             = aws_api_gateway_resource.populate.id
  http_method             = aws_api_gateway_method.populate.http_method
  integration_http_method = "POST"
  type                    = "AWS_PROXY"
  uri                     = aws_lambda_alias.live.invoke_arn
}

resource "aws_api_gateway_deployment" "rest" {
  rest_api_id = aws_api_gateway_rest_api.rest.id
  depends_on  = [aws_api_gateway_integration.populate]
}

resource "aws_api_gateway_stage" "live" {
  rest_api_id          = aws_api_gateway_rest_api.rest.id
  deployment_id        = aws_api_gateway_deployment.rest.id
  stage_name           = "live"
  xray_tracing_enabled = true
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = "$context.requestId $context.status"
  }
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.rest.id
  stage_name  = aws_api_gateway_stage.live.stage_name
  method_path = "*/*"
  settings {
    throttling_burst_limit = 20
    throttling_rate_limit  = 10
    metrics_enabled        = true
  }
}

resource "aws_api_gateway_domain_name" "rest" {
  domain_name              = "rest.contract.example.com"
  regional_certificate_arn = aws_acm_certificate.api.arn
  security_policy          = "TLS_1_2"
  endpoint_configuration { types = ["REGIONAL"] }
}

resource "aws_api_gateway_base_path_mapping" "rest" {
  api_id      = aws_api_gateway_rest_api.rest.id
  domain_name = aws_api_gateway_domain_name.rest.domain_name
  stage_name  = aws_api_gateway_stage.live.stage_name
}

resource "aws_s3_bucket" "data" { bucket = "contract-data" }

resource "aws_s3_bucket_notification" "data" {
  bucket      = aws_s3_bucket.data.id
  eventbridge = true
}

resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = [aws_s3_bucket.data.arn, "${aws_s3_bucket.data.arn}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }] })
}
"""


def test_functions_and_apis_apply_plan_empty_answer_and_are_destroyed(
    shared: LocalCloud, running: Status, checkout: Path, tmp_path: Path
) -> None:
    program = terraform.find_or_skip(checkout, tmp_path)
    folder = tmp_path / "stack"
    folder.mkdir()
    text = CONFIGURATION.replace("PROFILE", str(shared.state.parent)).replace("RUNTIME", RUNTIME)
    (folder / "main.tf").write_text(text)
    source = "import os\ndef handle(event, context):\n    return {'statusCode': 201, 'body': os.environ['SETTING']}\n"
    (folder / "function.zip").write_bytes(zip_of(source))
    environ = {**REAL_LOOKING, "AWS_EC2_METADATA_DISABLED": "true"}

    def command(*arguments: str) -> terraform.Outcome:
        return program.run(folder, *arguments, environ=environ)

    applied = command("apply", "-no-color", "-auto-approve", "-parallelism=20")
    assert applied.code == 0, applied.end
    outputs: dict[str, Any] = json.loads(command("output", "-json").output)
    assert outputs["account"]["value"] == "000000000000"
    for host, path in (
        (f"{outputs['http_api']['value']}.execute-api.localhost", "/populate"),
        (f"{outputs['rest_api']['value']}.execute-api.localhost", "/live/populate"),
        ("api.contract.example.com", "/populate"),
        ("rest.contract.example.com", "/populate"),
    ):
        answer = httpx.post(f"{running.endpoint}{path}", headers={"host": host}, timeout=60, trust_env=False)
        assert (answer.status_code, answer.text) == (201, "blue"), f"{host}{path}"
    planned = command("plan", "-no-color", "-detailed-exitcode")
    assert planned.code == 0, planned.end
    destroyed = command("destroy", "-no-color", "-auto-approve", "-parallelism=20")
    assert destroyed.code == 0, destroyed.end
    remaining = httpx.get(f"{running.endpoint}/_groundwork/inventory", timeout=60).json()["resources"]
    names = [
        name
        for regions in remaining.values()
        for services in regions.values()
        for each in services.values()
        for name in each
    ]
    assert not [name for name in names if "contract" in name]
