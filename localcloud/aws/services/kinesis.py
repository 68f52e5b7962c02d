"""Kinesis: tags given when a stream is created."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """moto ignores them."""
    from moto.kinesis.responses import KinesisResponse

    wrap(KinesisResponse, "create_stream", _create_stream)


def _create_stream(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_stream(self: Any) -> Any:
        answer = original(self)
        tags = self._get_param("Tags")
        if tags:
            self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), tags)
        return answer

    return create_stream
