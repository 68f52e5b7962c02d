"""The JSON Schema of an environment file, with which editors complete and check the YAML."""

from __future__ import annotations

import json
from pathlib import Path

from stacks.values.model import Environment

PATH = Path(__file__).with_name("schema.json")


def text() -> str:
    """The committed schema. It has no key `name`, because that is the file's name."""
    schema = Environment.model_json_schema()
    del schema["properties"]["name"]
    schema["required"].remove("name")
    schema["title"] = "Groundwork environment"
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def write() -> None:
    """Update the committed schema from the model."""
    PATH.write_text(text(), encoding="utf-8")
