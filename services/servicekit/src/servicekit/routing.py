"""Routers of an API: bodies are JSON whatever a client calls them, and a token is checked before a body is read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from servicekit.problems import MEDIA_TYPE, Problem, ProblemBody
from servicekit.settings import ServiceSettings
from servicekit.tokens import Tokens

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
# For the OpenAPI document alone: FastAPI would look at it after it has read the body.
_DOCUMENTED = Security(APIKeyHeader(name="Authorization", auto_error=False))


def api_router(
    settings: ServiceSettings, *statuses: int, tokens: Tokens | None = None, bearer: bool = True
) -> APIRouter:
    """A router under the prefix of the settings; its routes may fail with `statuses`, each with a problem.

    With `tokens` every route needs one, after "Bearer" too unless `bearer` is False.
    """

    class Route(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = self._direct_handler() or super().get_route_handler()

            async def guarded(request: Request) -> Response:
                # curl calls what it sends a form unless told otherwise.
                others = [header for header in request.scope["headers"] if header[0] != b"content-type"]
                request.scope["headers"] = [*others, (b"content-type", b"application/json")]
                if tokens is not None and not tokens.accepts(request.headers.get("authorization"), bearer=bearer):
                    detail = "The header Authorization has to be a token of this service"
                    raise Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
                return await handle(request)

            return guarded

        def _direct_handler(self) -> Handler | None:
            """For a route that takes a body and nothing else, and makes its answer itself: a third of the time."""
            parameters = list(inspect.signature(self.endpoint, eval_str=True).parameters.values())
            if self.body_field is None or len(parameters) != 1 or self.response_class is not Response:
                return None
            body = TypeAdapter(parameters[0].annotation)

            async def handle(request: Request) -> Response:
                try:
                    value = body.validate_json(await request.body())
                except ValidationError as error:
                    raise RequestValidationError(error.errors(include_input=False, include_url=False)) from error
                answer: Response = await self.endpoint(value)
                return answer

            return handle

    known = {*statuses, 400, 503} | ({401} if tokens is not None else set())
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": "Problem", "content": {MEDIA_TYPE: {"schema": ProblemBody.model_json_schema()}}}
        for status in sorted(known)
    }
    dependencies = [] if tokens is None else [_DOCUMENTED]
    return APIRouter(prefix=settings.host_prefix, responses=responses, route_class=Route, dependencies=dependencies)
