"""Makes HTTP and REST APIs in front of a function, and calls them by host name."""

from __future__ import annotations

import json
from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCOUNT = "000000000000"
REGION = "eu-west-2"


def allow_gateway(aws: Any, function: str, api: str) -> None:
    """Give the API the permission without which it must not call the function."""
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/*/populate",
    )


def make_http_api(aws: Any, function: str, *, stage: dict[str, Any] | None = None, **route: Any) -> str:
    """An HTTP API with POST /populate; returns its id."""
    client = aws.client("apigatewayv2")
    api = client.create_api(Name=aws.unique("http"), ProtocolType="HTTP")["ApiId"]
    uri = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    integration = client.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    target = f"integrations/{integration}"
    client.create_route(ApiId=api, RouteKey="POST /populate", Target=target, **route)
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True, **(stage or {}))
    allow_gateway(aws, function, api)
    return str(api)


def make_rest_api(
    aws: Any,
    function: str,
    *,
    policy: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    integration: dict[str, Any] | None = None,
    **method: Any,
) -> str:
    """A REST API with POST /populate and a stage "live"; returns its id."""
    client = aws.client("apigateway")
    more = {"policy": json.dumps(policy)} if policy else {}
    api = client.create_rest_api(name=aws.unique("rest"), **more, **(settings or {}))["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    resource = client.create_resource(restApiId=api, parentId=root, pathPart="populate")["id"]
    target = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    client.put_method(**target, **{"authorizationType": "NONE", **method})
    function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    client.put_integration(
        **target,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn}/invocations",
        **(integration or {}),
    )
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_stage(restApiId=api, stageName="live", deploymentId=deployment)
    allow_gateway(aws, function, api)
    return str(api)


def deploy(aws: Any, api: str) -> None:
    """Let the stage "live" of a REST API serve what the API has now."""
    client = aws.client("apigateway")
    deployment = client.create_deployment(restApiId=api)["id"]
    change = {"op": "replace", "path": "/deploymentId", "value": deployment}
    client.update_stage(restApiId=api, stageName="live", patchOperations=[change])


def post(aws: Any, host: str, path: str, **arguments: Any) -> httpx.Response:
    """A POST that names the API in its Host header."""
    headers = {"host": host, **arguments.pop("headers", {})}
    return httpx.post(f"{aws.endpoint}{path}", headers=headers, trust_env=False, timeout=60, **arguments)


def host_of(api: str) -> str:
    return f"{api}.execute-api.{REGION}.amazonaws.com"


def signed_headers(aws: Any, host: str, path: str, *, key: str = "") -> dict[str, str]:
    """The headers of a request signed for execute-api."""
    request = AWSRequest("POST", f"http://{host}{path}", headers={"host": host})
    SigV4Auth(Credentials(key or aws.keys.access_key, aws.keys.secret), "execute-api", REGION).add_auth(request)
    return {name: value for name, value in request.headers.items() if name.lower() != "host"}
