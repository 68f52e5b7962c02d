"""APIs answer by host name, refuse as API Gateway refuses, and write the configured access log."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import httpx
import pytest
from apis import deploy, host_of, make_http_api, make_rest_api, post, signed_headers
from functions import make_function

MIRROR = """
import json
def handle(event, context):
    return {"statusCode": 201, "headers": {"x-made-by": "function"}, "body": json.dumps(event)}
"""


@pytest.fixture(scope="module")
def mirror(aws: Any) -> str:
    """A function that answers 201 with its event."""
    return make_function(aws, MIRROR)


@pytest.fixture
def own_mirror(aws: Any) -> str:
    return make_function(aws, MIRROR)


def test_an_http_api_sends_the_function_a_2_0_event_and_maps_its_answer(aws: Any, own_mirror: str) -> None:
    api = make_http_api(aws, own_mirror)
    answer = post(
        aws, host_of(api), "/populate?a=1&a=2", json={"count": 3}, headers={"cookie": "x=1; y=2", "x-word": "hello"}
    )
    assert (answer.status_code, answer.headers["x-made-by"]) == (201, "function")
    event = answer.json()
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "POST /populate", "/populate")
    assert (event["rawQueryString"], event["queryStringParameters"]) == ("a=1&a=2", {"a": "1,2"})
    assert (json.loads(event["body"]), event["isBase64Encoded"]) == ({"count": 3}, False)
    assert (event["cookies"], event["headers"]["x-word"]) == (["x=1", "y=2"], "hello")
    context = event["requestContext"]
    assert context["http"]["method"] == "POST"
    assert (context["apiId"], context["stage"], context["accountId"]) == (api, "$default", "000000000000")
    assert context["requestId"] == answer.headers["apigw-requestid"]


def test_a_rest_api_sends_the_function_a_1_0_event(aws: Any, own_mirror: str) -> None:
    api = make_rest_api(aws, own_mirror)
    answer = post(aws, host_of(api), "/live/populate?a=1&a=2", json={"count": 3})
    assert answer.status_code == 201
    event = answer.json()
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/populate", "/populate", "POST")
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert event["headers"]["Content-Type"] == "application/json"
    assert event["requestContext"]["path"] == "/live/populate"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["pathParameters"] is None


def test_localhost_names_and_the_reserved_path_reach_the_api_too(aws: Any, own_mirror: str) -> None:
    api = make_rest_api(aws, own_mirror)
    assert post(aws, f"{api}.execute-api.localhost:4566", "/live/populate").status_code == 201
    assert post(aws, "127.0.0.1", f"/_groundwork/api/{api}/live/populate").status_code == 201


def test_a_custom_domain_reaches_the_mapped_stage(aws: Any, own_mirror: str) -> None:
    api, client, domain = make_http_api(aws, own_mirror), aws.client("apigatewayv2"), f"{aws.unique('api')}.example.com"
    configuration = {"CertificateArn": "arn:aws:acm:eu-west-2:000000000000:certificate/x", "EndpointType": "REGIONAL"}
    answer = client.create_domain_name(DomainName=domain, DomainNameConfigurations=[configuration])
    assert answer["DomainNameConfigurations"][0]["DomainNameStatus"] == "AVAILABLE"
    client.create_api_mapping(ApiId=api, DomainName=domain, Stage="$default", ApiMappingKey="v1")
    assert post(aws, domain, "/v1/populate").json()["rawPath"] == "/populate"
    client.update_integration(
        ApiId=api,
        IntegrationId=client.get_integrations(ApiId=api)["Items"][0]["IntegrationId"],
        PayloadFormatVersion="1.0",
    )
    event = post(aws, domain, "/v1/populate", headers={"X-Word": "hello"}).json()
    assert (event["path"], event["headers"]["x-word"]) == ("/v1/populate", "hello")
    assert post(aws, domain, "/v2/populate").status_code == 403


def test_cookies_base64_and_plain_answers_are_mapped(aws: Any) -> None:
    source = """
    def handle(event, context):
        if event["rawQueryString"] == "plain":
            return {"hello": "there"}
        return {"statusCode": 200, "cookies": ["a=1", "b=2"], "isBase64Encoded": True, "body": "aGk=",
                "headers": {"content-type": "application/octet-stream"}}
    """
    api = make_http_api(aws, make_function(aws, source))
    binary = post(aws, host_of(api), "/populate")
    assert (binary.content, binary.headers.get_list("set-cookie")) == (b"hi", ["a=1", "b=2"])
    plain = post(aws, host_of(api), "/populate?plain")
    assert (plain.status_code, plain.json()) == (200, {"hello": "there"})


@pytest.mark.parametrize(
    ("make", "path", "status"), [(make_http_api, "/populate", 500), (make_rest_api, "/live/populate", 502)]
)
def test_the_error_of_a_function_is_not_shown(aws: Any, make: Any, path: str, status: int) -> None:
    api = make(aws, make_function(aws, "def handle(event, context):\n    raise ValueError('secret')\n"))
    answer = post(aws, host_of(api), path)
    assert answer.status_code == status
    assert "secret" not in answer.text


@pytest.mark.parametrize(("make", "path"), [(make_http_api, "/populate"), (make_rest_api, "/live/populate")])
def test_without_the_functions_permission_the_gateway_may_not_call_it(
    aws: Any, own_mirror: str, make: Any, path: str
) -> None:
    api = make(aws, own_mirror)
    aws.client("lambda").remove_permission(FunctionName=own_mirror, StatementId="api")
    assert post(aws, host_of(api), path).status_code == 500


@pytest.mark.parametrize(
    ("make", "route", "path", "message"),
    [
        (make_http_api, {"AuthorizationType": "AWS_IAM"}, "/populate", "Forbidden"),
        (make_rest_api, {"authorizationType": "AWS_IAM"}, "/live/populate", "Missing Authentication Token"),
    ],
)
def test_an_iam_route_takes_signed_requests_of_known_keys_only(
    aws: Any, own_mirror: str, make: Any, route: dict[str, str], path: str, message: str
) -> None:
    api = make(aws, own_mirror, **route)
    unsigned = post(aws, host_of(api), path)
    assert (unsigned.status_code, unsigned.json()) == (403, {"message": message})
    unknown = signed_headers(aws, host_of(api), path, key="AKIA" + "STRANGER00000000")
    assert post(aws, host_of(api), path, headers=unknown).status_code == 403
    assert post(aws, host_of(api), path, headers=signed_headers(aws, host_of(api), path)).status_code == 201


def token(**claims: Any) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2lnbmF0dXJl"])


def test_a_jwt_route_checks_issuer_audience_expiry_and_scope(aws: Any, own_mirror: str) -> None:
    api, client = make_http_api(aws, own_mirror), aws.client("apigatewayv2")
    authorizer = client.create_authorizer(
        ApiId=api,
        AuthorizerType="JWT",
        Name="jwt",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "https://issuer.example", "Audience": ["platform"]},
    )["AuthorizerId"]
    route = client.get_routes(ApiId=api)["Items"][0]["RouteId"]
    client.update_route(
        ApiId=api,
        RouteId=route,
        AuthorizationType="JWT",
        AuthorizerId=authorizer,
        AuthorizationScopes=["write"],
    )
    valid = {"iss": "https://issuer.example", "aud": "platform", "exp": time.time() + 60, "scope": "read write"}

    def status(**changed: Any) -> int:
        bearer = {"authorization": f"Bearer {token(**{**valid, **changed})}"}
        return post(aws, host_of(api), "/populate", headers=bearer).status_code

    assert post(aws, host_of(api), "/populate").status_code == 401
    assert [status(), status(iss="https://other"), status(aud="other"), status(exp=1)] == [201, 401, 401, 401]
    assert status(scope="read") == 403


def test_a_stage_answers_429_beyond_its_burst(aws: Any, own_mirror: str) -> None:
    limits = {"DefaultRouteSettings": {"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.01}}
    api = make_http_api(aws, own_mirror, stage=limits)
    statuses = [post(aws, host_of(api), "/populate").status_code for _ in range(4)]
    assert statuses == [201, 201, 429, 429]


def test_a_rest_method_needs_a_key_of_a_usage_plan(aws: Any, own_mirror: str) -> None:
    api, client = make_rest_api(aws, own_mirror, apiKeyRequired=True), aws.client("apigateway")
    key = client.create_api_key(name="client", enabled=True)
    plan = client.create_usage_plan(name="plan", apiStages=[{"apiId": api, "stage": "live"}])
    headers = {"x-api-key": key["value"]}
    assert post(aws, host_of(api), "/live/populate", headers=headers).status_code == 403
    client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert post(aws, host_of(api), "/live/populate", headers=headers).status_code == 201
    assert post(aws, host_of(api), "/live/populate").status_code == 403


@pytest.mark.parametrize(("network", "status"), [("127.0.0.0/8", 201), ("10.0.0.0/8", 403)])
def test_a_resource_policy_allows_a_network(aws: Any, own_mirror: str, network: str, status: int) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
        "Condition": {"IpAddress": {"aws:SourceIp": network}},
    }
    api = make_rest_api(aws, own_mirror, policy={"Version": "2012-10-17", "Statement": [statement]})
    assert post(aws, host_of(api), "/live/populate").status_code == status


def test_a_request_validator_refuses_bodies_that_do_not_fit_the_model(aws: Any, own_mirror: str) -> None:
    api, client = make_rest_api(aws, own_mirror), aws.client("apigateway")
    schema = {"type": "object", "required": ["count"]}
    client.create_model(restApiId=api, name="Order", contentType="application/json", schema=json.dumps(schema))
    validator = client.create_request_validator(restApiId=api, name="body", validateRequestBody=True)["id"]
    resource = next(each["id"] for each in client.get_resources(restApiId=api)["items"] if each["path"] == "/populate")
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    integration = client.get_integration(**method)
    client.put_method(
        **method, authorizationType="NONE", requestValidatorId=validator, requestModels={"application/json": "Order"}
    )
    client.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=integration["uri"])
    deploy(aws, api)
    refused = post(aws, host_of(api), "/live/populate", json={})
    assert (refused.status_code, refused.json()) == (400, {"message": "Invalid request body"})
    assert post(aws, host_of(api), "/live/populate", json={"count": 1}).status_code == 201


def test_a_lambda_authorizer_decides(aws: Any, own_mirror: str) -> None:
    source = """
    def handle(event, context):
        return {"isAuthorized": event["headers"].get("x-secret") == "open", "context": {"user": "ada"}}
    """
    api, client, gatekeeper = make_http_api(aws, own_mirror), aws.client("apigatewayv2"), make_function(aws, source)
    arn = f"arn:aws:lambda:eu-west-2:000000000000:function:{gatekeeper}"
    authorizer = client.create_authorizer(
        ApiId=api,
        AuthorizerType="REQUEST",
        Name="gatekeeper",
        IdentitySource=["$request.header.x-secret"],
        AuthorizerUri=f"arn:aws:apigateway:eu-west-2:lambda:path/2015-03-31/functions/{arn}/invocations",
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
    )["AuthorizerId"]
    aws.client("lambda").add_permission(
        FunctionName=gatekeeper,
        StatementId="authorizer",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:eu-west-2:000000000000:{api}/authorizers/{authorizer}",
    )
    route = client.get_routes(ApiId=api)["Items"][0]["RouteId"]
    client.update_route(ApiId=api, RouteId=route, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    answers = [
        post(aws, host_of(api), "/populate", headers=each) for each in ({}, {"x-secret": "no"}, {"x-secret": "open"})
    ]
    assert [answer.status_code for answer in answers] == [401, 403, 201]
    assert answers[2].json()["requestContext"]["authorizer"] == {"lambda": {"user": "ada"}}


def test_the_access_log_has_a_line_in_the_configured_format(aws: Any, own_mirror: str) -> None:
    group = aws.unique("/access/log")
    aws.client("logs").create_log_group(logGroupName=group)
    settings = {
        "DestinationArn": f"arn:aws:logs:eu-west-2:000000000000:log-group:{group}",
        "Format": '{"status":"$context.status","route":"$context.routeKey","other":"$context.unheardOf"}',
    }
    api = make_http_api(aws, own_mirror, stage={"AccessLogSettings": settings})
    post(aws, host_of(api), "/populate")
    post(aws, host_of(api), "/nowhere")
    lines = [
        json.loads(event["message"]) for event in aws.client("logs").filter_log_events(logGroupName=group)["events"]
    ]
    assert lines[0] == {"status": "201", "route": "POST /populate", "other": "-"}
    assert lines[1]["status"] == "404"


@pytest.mark.parametrize("path", ["/nowhere", "/live/nowhere"])
def test_an_unknown_api_or_path_is_refused_as_by_api_gateway(aws: Any, mirror: str, path: str) -> None:
    api = make_rest_api(aws, make_function(aws, MIRROR))
    assert post(aws, host_of(api), path).status_code == 403
    assert post(aws, host_of("abcdefghij"), path).status_code == 403


@pytest.mark.parametrize("kind", ["HTTP", "REST"])
def test_a_function_sees_who_forwarded_its_request(aws: Any, own_mirror: str, kind: str) -> None:
    api = make_http_api(aws, own_mirror) if kind == "HTTP" else make_rest_api(aws, own_mirror)
    path = "/populate" if kind == "HTTP" else "/live/populate"
    host = f"{api}.execute-api.localhost:4566"
    sent = post(aws, host, path, headers={"x-forwarded-for": "192.0.2.7"}).json()["headers"]
    headers = {name.lower(): value for name, value in sent.items()}
    assert headers["x-forwarded-for"] == "192.0.2.7, 127.0.0.1"
    assert (headers["x-forwarded-port"], headers["x-forwarded-proto"]) == ("4566", "http")
    assert headers["x-amzn-trace-id"].startswith("Root=1-")


def test_payload_1_of_an_http_api_has_the_stage_in_its_path(aws: Any, own_mirror: str) -> None:
    api, client = make_http_api(aws, own_mirror), aws.client("apigatewayv2")
    client.create_stage(ApiId=api, StageName="prod", AutoDeploy=True)
    integration = client.get_integrations(ApiId=api)["Items"][0]["IntegrationId"]
    client.update_integration(ApiId=api, IntegrationId=integration, PayloadFormatVersion="1.0")
    assert post(aws, host_of(api), "/prod/populate").json()["path"] == "/prod/populate"
    client.update_integration(ApiId=api, IntegrationId=integration, PayloadFormatVersion="2.0")
    assert post(aws, host_of(api), "/prod/populate").json()["rawPath"] == "/prod/populate"


def test_an_http_api_answers_browsers_as_its_cors_configuration_says(aws: Any) -> None:
    source = """
    def handle(event, context):
        return {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "http://other"}, "body": "ok"}
    """
    api = make_http_api(aws, make_function(aws, source))
    origin = "http://localhost:3000"
    cors = {
        "AllowOrigins": [origin],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["content-type"],
        "AllowCredentials": True,
        "MaxAge": 600,
    }
    aws.client("apigatewayv2").update_api(ApiId=api, CorsConfiguration=cors)

    def ask(method: str, **headers: str) -> dict[str, str]:
        answer = httpx.request(
            method,
            f"{aws.endpoint}/populate",
            headers={"host": host_of(api), **{name.replace("_", "-"): value for name, value in headers.items()}},
            trust_env=False,
        )
        cors = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
        return {"status": str(answer.status_code), **cors}

    shared = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
    assert ask("OPTIONS", origin=origin, access_control_request_method="POST") == {
        "status": "204",
        **shared,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "600",
    }
    assert ask("POST", origin=origin) == {"status": "200", **shared}
    assert ask("POST", origin="http://foreign.example") == {"status": "200"}
    assert ask("OPTIONS", origin="http://foreign.example", access_control_request_method="POST") == {"status": "204"}


def test_a_change_of_a_rest_api_is_served_once_it_is_deployed(aws: Any, own_mirror: str) -> None:
    api, client = make_rest_api(aws, own_mirror), aws.client("apigateway")
    root = next(each["id"] for each in client.get_resources(restApiId=api)["items"] if each["path"] == "/")
    later = client.create_resource(restApiId=api, parentId=root, pathPart="later")["id"]
    method = {"restApiId": api, "resourceId": later, "httpMethod": "POST"}
    client.put_method(**method, authorizationType="NONE")
    client.put_integration(**method, type="MOCK")
    client.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": "later"})

    before = post(aws, host_of(api), "/live/later")
    deploy(aws, api)
    after = post(aws, host_of(api), "/live/later")

    assert (before.status_code, before.json()) == (403, {"message": "Missing Authentication Token"})
    assert (after.status_code, after.text) == (200, "later")


def test_a_removed_resource_is_served_until_the_next_deployment(aws: Any, own_mirror: str) -> None:
    api, client = make_rest_api(aws, own_mirror), aws.client("apigateway")
    populate = next(each["id"] for each in client.get_resources(restApiId=api)["items"] if each["path"] == "/populate")
    client.delete_resource(restApiId=api, resourceId=populate)
    assert post(aws, host_of(api), "/live/populate").status_code == 201


@pytest.mark.parametrize(("kind", "status"), [("REST", 502), ("HTTP", 500)])
def test_answers_and_bodies_that_are_too_large_are_refused(aws: Any, kind: str, status: int) -> None:
    source = """
    def handle(event, context):
        return {"statusCode": 200, "body": "x" * int((event.get("queryStringParameters") or {}).get("n", 1))}
    """
    function = make_function(aws, source, MemorySize=512)
    api = make_http_api(aws, function) if kind == "HTTP" else make_rest_api(aws, function)
    path = "/populate" if kind == "HTTP" else "/live/populate"
    assert post(aws, host_of(api), f"{path}?n=6200000").status_code == 200
    assert post(aws, host_of(api), f"{path}?n=6500000").status_code == status
    for size in (7_000_000, 11_000_000):
        assert post(aws, host_of(api), path, content=b"x" * size).status_code == 413


def test_values_of_multi_value_headers_have_to_be_lists(aws: Any) -> None:
    source = """
    def handle(event, context):
        return {"statusCode": 200, "multiValueHeaders": {"Content-Type": "text/plain"}, "body": "ok"}
    """
    api = make_rest_api(aws, make_function(aws, source))
    answer = post(aws, host_of(api), "/live/populate")
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})


@pytest.mark.parametrize(
    ("types", "accept", "body"),
    [
        ([], "image/png", base64.b64encode(b"\x89PNG")),
        (["image/*"], "image/png", b"\x89PNG"),
        (["image/*"], "text/html, image/png", base64.b64encode(b"\x89PNG")),
        (["*/*"], "text/html", b"\x89PNG"),
    ],
)
def test_a_rest_api_decodes_what_the_client_accepts_as_binary(
    aws: Any, types: list[str], accept: str, body: bytes
) -> None:
    source = """
    def handle(event, context):
        return {"statusCode": 200, "headers": {"content-type": "image/png"}, "isBase64Encoded": True,
                "body": "iVBORw=="}
    """
    api = make_rest_api(aws, make_function(aws, source), settings={"binaryMediaTypes": types})
    assert aws.client("apigateway").get_rest_api(restApiId=api).get("binaryMediaTypes", []) == types
    assert post(aws, host_of(api), "/live/populate", headers={"accept": accept}).content == body


@pytest.mark.parametrize(
    ("kind", "status", "message"), [("REST", 504, "Endpoint request timed out"), ("HTTP", 503, "Service Unavailable")]
)
def test_a_function_that_outlasts_its_integration_is_not_waited_for(
    aws: Any, kind: str, status: int, message: str
) -> None:
    function = make_function(aws, "import time\ndef handle(event, context):\n    time.sleep(3)\n")
    if kind == "REST":
        api, path = make_rest_api(aws, function, integration={"timeoutInMillis": 200}), "/live/populate"
    else:
        api, path = make_http_api(aws, function), "/populate"
        client = aws.client("apigatewayv2")
        integration = client.get_integrations(ApiId=api)["Items"][0]["IntegrationId"]
        client.update_integration(ApiId=api, IntegrationId=integration, TimeoutInMillis=200)
    answer = post(aws, host_of(api), path)
    assert (answer.status_code, answer.json()) == (status, {"message": message})
