"""Calls the deployed API like a client: by its public name on AWS, through the embedded gateway on a laptop."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from groundwork.errors import StackBlocked, TerraformFailed

_TIMEOUT = 35.0  # seconds: API Gateway's own timeout is 29


@dataclass(frozen=True)
class Answer:
    """What the API answered. `body` is parsed where it is JSON."""

    status: int
    body: Any
    seconds: float
    url: str
    headers: Mapping[str, str]


def url_of(outputs: Mapping[str, Any], stack: str) -> str:
    """The address in the outputs of a deployed api stack; raises StackBlocked where it is not deployed."""
    url = outputs.get("endpoint")
    if not url:
        raise StackBlocked(f"{stack} has no endpoint among its outputs: it is not deployed", fix=f"gw deploy {stack}")
    return str(url)


def invoke(
    url: str,
    *,
    body: Mapping[str, Any],
    region: str,
    gateway: str | None = None,
    sign: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """POST a JSON body. `gateway` is the embedded AWS's address: the request goes there under the API's own host name.

    `sign` signs with the caller's AWS credentials (authorisation `iam`). Raises TerraformFailed without an answer.
    """
    parts = urlsplit(url)
    content = json.dumps(body).encode()
    sent_headers = {"content-type": "application/json", "host": parts.netloc, **(headers or {})}
    if sign:
        credentials = boto3.Session().get_credentials()
        if credentials is None:
            raise TerraformFailed("this API needs signed calls, and there are no AWS credentials", fix="sign in to AWS")
        request = AWSRequest(method="POST", url=url, data=content, headers=sent_headers)
        SigV4Auth(credentials, "execute-api", region).add_auth(request)
        sent_headers = dict(request.headers.items())
    target = f"{gateway}{parts.path}" if gateway else url
    began = time.monotonic()
    try:
        answer = httpx.post(target, content=content, headers=sent_headers, timeout=_TIMEOUT)
    except httpx.HTTPError as error:
        raise TerraformFailed(f"{url} does not answer: {error}", fix="gw local status" if gateway else "") from error
    try:
        parsed = answer.json()
    except ValueError:
        parsed = answer.text
    return Answer(answer.status_code, parsed, time.monotonic() - began, url, dict(answer.headers))
