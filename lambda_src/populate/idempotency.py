"""Idempotency-Key: the first request does the work; repeats within an hour get the first answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)

from .errors import IdempotencyUnavailable, InvalidRequest, KeyReusedWithOtherBody, RequestInProgress

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

WINDOW_SECONDS = 3600
_KEY = re.compile(r"[\x21-\x7e]{1,128}")

Answer = dict[str, Any]


@dataclass(frozen=True)
class Once:
    """Runs work once per key. `store` is the DynamoDB table of the answers given so far."""

    store: DynamoDBPersistenceLayer

    def run(
        self, work: Callable[[], Answer], *, key: str, caller: str, request: Answer, context: LambdaContext
    ) -> Answer:
        """The answer of `work`, or with `"replayed": True` in it the one stored for (`caller`, `key`).

        A repeat must have the same `request`. Raises InvalidRequest for a malformed key, KeyReusedWithOtherBody,
        RequestInProgress, IdempotencyUnavailable, and whatever `work` raises.
        """
        if not _KEY.fullmatch(key):
            raise InvalidRequest("Idempotency-Key: 1 to 128 printable characters without spaces")
        config = IdempotencyConfig(
            event_key_jmespath="[caller, key]",
            payload_validation_jmespath="request",
            expires_after_seconds=WINDOW_SECONDS,
            hash_function="sha256",
            # So that a request whose function died counts as ended once the function's time is up.
            lambda_context=context,
            response_hook=_mark_replayed,
        )

        def answer_once(*, data: Answer) -> Answer:  # noqa: ARG001 - Powertools reads it, the work knows it
            return work()

        once: Callable[..., Answer] = idempotent_function(
            answer_once,
            data_keyword_argument="data",
            persistence_store=self.store,
            config=config,
            key_prefix="populate",
        )
        try:
            answer = once(data={"caller": caller, "key": key, "request": request})
        except IdempotencyValidationError as error:
            raise KeyReusedWithOtherBody("the stored request differs") from error
        except IdempotencyAlreadyInProgressError as error:
            raise RequestInProgress("the first request has not ended") from error
        except (IdempotencyPersistenceLayerError, IdempotencyInconsistentStateError) as error:
            raise IdempotencyUnavailable(f"DynamoDB: {error}") from error
        return answer


def _mark_replayed(response: Any, idempotent_data: object) -> Any:  # noqa: ARG001 - the name is Powertools' protocol
    return {**response, "replayed": True}
