"""The same API as a Lambda function behind API Gateway; its handler is `transactions.lambda_handler.handler`."""

from __future__ import annotations

from servicekit.aws_lambda import handler_of

from transactions.main import SERVICE

handler = handler_of(SERVICE)
