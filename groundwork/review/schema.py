"""The JSON Schema of a review's JSON, for who reads it with another program."""

from __future__ import annotations

import json
from pathlib import Path

from groundwork.review.model import Review

PATH = Path(__file__).with_name("schema.json")


def text() -> str:
    """The schema as it is committed."""
    schema = Review.model_json_schema(mode="serialization")
    schema["title"] = "Groundwork review"
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def write() -> None:
    """Bring the committed schema up to date with the model."""
    PATH.write_text(text(), encoding="utf-8")
