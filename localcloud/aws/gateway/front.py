"""The gateway as a part of the application: finds the API, answers, writes the access log."""

from __future__ import annotations

from dataclasses import replace

import structlog

from localcloud.aws.entrance import is_loopback_host
from localcloud.aws.gateway import access_log, http_api, rest_api
from localcloud.aws.gateway.call import GatewayCall, GatewayError
from localcloud.aws.gateway.find import PATH_FORM, find
from localcloud.aws.gateway.throttle import Throttle
from localcloud.aws.routing import Request, Response, json_error

log = structlog.get_logger(__name__)


class Gateway:
    """Answers requests whose host name, or reserved path, is that of an API."""

    def __init__(self) -> None:
        self._throttle = Throttle()

    def answer(self, request: Request) -> Response | None:
        """The API's answer; None when the request is not for an API."""
        if request.path.startswith(PATH_FORM) and not is_loopback_host(request.headers.get("host", "")):
            return json_error("Forbidden", "reserved paths answer to 127.0.0.1 and localhost only", 403)
        try:
            destination = find(request)
        except GatewayError as error:
            log.info("gateway refused", host=request.headers.get("host"), path=request.path, reason=error.reason)
            return error.response
        if destination is None:
            return None
        call = GatewayCall(request, destination)
        problem = ""
        try:
            answer = rest_api.answer if destination.kind == "REST" else http_api.answer
            response = answer(call, self._throttle)
        except GatewayError as error:
            log.info("gateway refused", api=destination.api_id, path=request.path, reason=error.reason)
            response, problem = error.response, error.reason
        access_log.write(call, response, error=problem)
        name = "x-amzn-RequestId" if destination.kind == "REST" else "Apigw-Requestid"
        return replace(response, headers=(*response.headers, (name, call.request_id)))
