"""Kinesis: tags of a new stream, which moto ignores."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """Tag the stream after moto has made it."""
    from moto.kinesis.responses import KinesisResponse

    wrap(KinesisResponse, "create_stream", _create_stream)


def _create_stream(original: Method, self: Any) -> Any:
    answer = original(self)
    tags = self._get_param("Tags")
    if tags:
        self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), tags)
    return answer
