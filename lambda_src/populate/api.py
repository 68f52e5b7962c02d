"""The HTTP side: one route and its Idempotency-Key. Failures are raised as Problems; the handler answers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, APIGatewayRestResolver, Response, content_types
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from . import clients
from .archive import Archive
from .errors import MethodNotAllowed, UnknownPath
from .events import body_of, caller_of, check_flavour, request_id_of, with_plain_path
from .idempotency import Once
from .listings import Listings
from .models import PopulateAnswer, PopulateRequest
from .service import Service
from .settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

PATH = "/populate"
_OTHER_METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True)
class Api:
    """POST /populate of the flavour in `settings`."""

    settings: Settings
    service: Service
    once: Once
    observe: Callable[[dict[str, Any], bool], None]
    """Called with every answer, and whether it repeats an earlier one."""

    @classmethod
    def connect(cls, settings: Settings, *, observe: Callable[[dict[str, Any], bool], None]) -> Api:
        """The API with real clients; nothing is sent before the first request."""
        listings = None
        if settings.listings_secret_arn is not None and settings.source == "listings":
            secrets = SecretsProvider(boto3_client=clients.secretsmanager())
            listings = Listings(settings.listings_url, settings.listings_secret_arn, secrets)
        archive = Archive(
            clients.s3(settings.archive_region),
            settings.archive_bucket,
            settings.archive_account_id,
        )
        service = Service(
            archive=archive,
            prefix=settings.archive_prefix,
            default_records=settings.default_records,
            listings=listings,
            now=lambda: datetime.now(UTC),
            new_name=uuid4,
        )
        store = DynamoDBPersistenceLayer(settings.idempotency_table, boto3_client=clients.dynamodb())
        return cls(settings, service, Once(store), observe)

    def resolve(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """API Gateway's answer for `event`. Raises a Problem for everything but 201."""
        check_flavour(event, self.settings.api_flavour)
        # A resolver per event: its routes need the event, and creating a resolver takes microseconds.
        app = APIGatewayRestResolver() if self.settings.api_flavour == "rest" else APIGatewayHttpResolver()

        @app.post(PATH)
        def populate() -> Response[Any]:
            return self._populate(app, context)

        @app.route(PATH, method=_OTHER_METHODS)
        def other_method() -> Response[Any]:
            raise MethodNotAllowed(f"{app.current_event.http_method} is not served here; send POST")

        @app.not_found
        def other_path(_: Exception) -> Response[Any]:
            raise UnknownPath(f"Only POST {PATH} is served")

        return app.resolve(with_plain_path(event, base_path=self.settings.api_base_path), context)

    def _populate(self, app: APIGatewayRestResolver | APIGatewayHttpResolver, context: LambdaContext) -> Response[Any]:
        event = app.current_event
        request = PopulateRequest.from_body(body_of(event.raw_event))

        def work() -> dict[str, Any]:
            return self.service.populate(
                request,
                request_id=request_id_of(event.raw_event),
                seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
            ).model_dump()

        key = event.headers.get("Idempotency-Key")
        if key is None:
            answer = work()
        else:
            answer = self.once.run(
                work, key=key, caller=caller_of(event.raw_event), request=request.model_dump(), context=context
            )
        replayed = bool(answer.pop("replayed", False))
        # The store sorts keys: validated, a repeat has the same bytes as the first answer.
        answer = PopulateAnswer.model_validate(answer).model_dump()
        self.observe(answer, replayed)
        headers: dict[str, str | list[str]] = {"Idempotency-Replayed": "true"} if replayed else {}
        return Response(int(HTTPStatus.CREATED), content_types.APPLICATION_JSON, body=answer, headers=headers)
