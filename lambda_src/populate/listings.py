"""Listings of a cryptocurrency market, fetched from its API with the key kept in Secrets Manager."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from pydantic import ValidationError

from .clients import WORST_CALL_SECONDS
from .errors import ListingsFailed, TimedOut
from .models import Record

KEY_MAX_AGE_SECONDS = 300
REQUEST_SECONDS = 4.0
ATTEMPTS = 3
PAUSE_SECONDS = 0.5
# Time that must remain after the last attempt: to write the file and store the answer.
RESERVE_SECONDS = 2 * WORST_CALL_SECONDS
_MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Listings:
    """The API at `url`; `secret_arn` names the secret {"api_key": "..."}, read at most every five minutes."""

    url: str
    secret_arn: str
    secrets: SecretsProvider

    def fetch(self, count: int, *, seconds_left: Callable[[], float]) -> tuple[Record, ...]:
        """The first `count` listings. Raises ListingsFailed, or TimedOut when `seconds_left` is too short."""
        body = self._get(f"{self.url}?limit={count}", self._api_key(), seconds_left)
        try:
            data: list[dict[str, Any]] = json.loads(body)["data"]
            records = tuple(
                Record(name=item["name"], symbol=item["symbol"], price=item["quote"]["USD"]["price"]) for item in data
            )
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise ListingsFailed(f"the answer of {self.url} has another shape: {type(error).__name__}") from error
        if not records:
            raise ListingsFailed(f"the answer of {self.url} holds no listing")
        return records[:count]

    def _api_key(self) -> str:
        try:
            secret: Any = self.secrets.get(self.secret_arn, transform="json", max_age=KEY_MAX_AGE_SECONDS)
        except (GetParameterError, TransformParameterError) as error:
            # The text of a transform error may quote the secret, so only its kind is logged.
            raise ListingsFailed(f"the secret {self.secret_arn} cannot be read: {type(error).__name__}") from None
        key = secret.get("api_key") if isinstance(secret, dict) else None
        if not isinstance(key, str) or not key:
            raise ListingsFailed(f'the secret {self.secret_arn} is not {{"api_key": "..."}}')
        return key

    def _get(self, url: str, api_key: str, seconds_left: Callable[[], float]) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - Settings allows https and the local machine only
            url, headers={"X-CMC_PRO_API_KEY": api_key, "Accept": "application/json"}
        )
        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            if seconds_left() < REQUEST_SECONDS + RESERVE_SECONDS:
                raise TimedOut(f"no time left to ask {self.url} (attempt {attempt + 1}); {reason or 'not asked yet'}")
            try:
                with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:  # noqa: S310 - see above
                    body: bytes = answer.read(_MAX_BYTES)
                    return body
            except urllib.error.HTTPError as error:
                reason = f"{self.url} answered {error.code}"
                error.close()
                if error.code != HTTPStatus.TOO_MANY_REQUESTS and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise ListingsFailed(reason) from None
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                reason = f"{self.url}: {error}"
        raise ListingsFailed(f"{reason}, {ATTEMPTS} times")
