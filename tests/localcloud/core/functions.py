"""Makes zips and functions for the tests of the Lambda runtime and the API Gateway."""

from __future__ import annotations

import io
import json
import sys
import textwrap
import zipfile
from typing import Any

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"


def zip_of(source: str, name: str = "handler.py") -> bytes:
    """A zip with a single file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, textwrap.dedent(source))
    return buffer.getvalue()


def make_function(aws: Any, source: str, **settings: Any) -> str:
    """A function of the main account with a role of its own; returns its name."""
    name = aws.unique("function")
    trust = {"Version": "2012-10-17", "Statement": []}
    role = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    arguments: dict[str, Any] = {"Runtime": RUNTIME, "Handler": "handler.handle", "Timeout": 10, **settings}
    aws.client("lambda").create_function(FunctionName=name, Role=role, Code={"ZipFile": zip_of(source)}, **arguments)
    return str(name)


def call(aws: Any, name: str, event: Any = None, **arguments: Any) -> tuple[Any, dict[str, Any]]:
    """The decoded payload and the whole answer of an invocation."""
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}), **arguments)
    return json.loads(answer["Payload"].read() or b"null"), answer
